//! What the loop was told to do, by signals or by a monitor.

use crate::interrupt::on_interrupt;
use crate::monitor::{Asked, Hear, Order, ToMonitor};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// The last order; who gives them is on a thread of its own.
#[derive(Clone)]
pub(super) struct Orders {
    told: Arc<Told>,
    monitor: Option<Arc<Asked>>,
}

#[derive(Default)]
struct Told {
    order: AtomicU8,
    /// A ping to answer; 0: none.
    ping: AtomicU64,
}

const ORDERS: [Order; 4] = [Order::Serve, Order::Retire, Order::Drain, Order::Cut];

impl Orders {
    /// By a monitor, or by signals where there is none: the first drains, the second cuts.
    pub(super) fn begin(monitor: Option<Arc<Asked>>) -> io::Result<Orders> {
        let orders = Orders { told: Arc::default(), monitor };
        let by = orders.clone();
        match &orders.monitor {
            Some(monitor) => monitor.hear(by)?,
            None => on_interrupt(move |nth| by.order(if nth > 1 { Order::Cut } else { Order::Drain }))?,
        }
        Ok(orders)
    }

    /// The order that holds.
    pub(super) fn order_now(&self) -> Order {
        ORDERS[usize::from(self.told.order.load(Ordering::Acquire)).min(ORDERS.len() - 1)]
    }

    /// The loop comes by: a monitor that asked is told so.
    pub(super) fn alive(&self) {
        let ping = self.told.ping.swap(0, Ordering::AcqRel);
        if ping > 0 {
            self.tell(&ToMonitor::Pong(ping));
        }
    }

    /// Tells the monitor, if there is one.
    pub(super) fn tell(&self, what: &ToMonitor) {
        if let Some(monitor) = &self.monitor {
            monitor.tell(what);
        }
    }
}

impl Hear for Orders {
    fn order(&self, order: Order) {
        let nth = ORDERS.iter().position(|o| *o == order).unwrap_or(0);
        self.told.order.fetch_max(u8::try_from(nth).unwrap_or(0), Ordering::AcqRel);
    }

    fn ping(&self, nth: u64) {
        self.told.ping.store(nth, Ordering::Release);
    }
}
