//! What the loop was told to do, by signals or by a monitor.

use crate::interrupt::on_interrupt;
use crate::monitor::{Asked, Cause, Hear, Order, ToMonitor};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    /// What became of reloads that no operator waits for.
    reloads: Mutex<Vec<(Cause, Result<(), String>)>>,
    /// Successors that ask; none: nobody is answered any more.
    callers: Mutex<Option<Vec<OwnedFd>>>,
}

const ORDERS: [Order; 4] = [Order::Serve, Order::Retire, Order::Drain, Order::Cut];

impl Orders {
    /// By a monitor, or by signals where there is none: the first drains, the second cuts.
    pub(super) fn begin(monitor: Option<Arc<Asked>>) -> io::Result<Orders> {
        let told = Told { callers: Mutex::new(Some(Vec::new())), ..Told::default() };
        let orders = Orders { told: Arc::new(told), monitor };
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

    /// What became since of reloads that no operator waits for, or why they did not come about.
    pub(super) fn reloads(&self) -> Vec<(Cause, Result<(), String>)> {
        std::mem::take(&mut *self.told.reloads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Successors that came since.
    pub(super) fn callers(&self) -> Vec<OwnedFd> {
        self.callers_now().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// From here on a successor that asks finds nobody.
    pub(super) fn answer_no_more(&self) {
        *self.callers_now() = None;
    }

    fn callers_now(&self) -> MutexGuard<'_, Option<Vec<OwnedFd>>> {
        self.told.callers.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn caller(&self, socket: OwnedFd) {
        if let Some(callers) = &mut *self.callers_now() {
            callers.push(socket);
        }
    }

    fn reloaded(&self, cause: Cause, refused: Option<String>) {
        let reload = (cause, refused.map_or(Ok(()), Err));
        self.told.reloads.lock().unwrap_or_else(PoisonError::into_inner).push(reload);
    }

    fn ping(&self, nth: u64) {
        self.told.ping.store(nth, Ordering::Release);
    }
}
