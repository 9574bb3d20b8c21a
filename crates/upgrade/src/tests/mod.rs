mod planning;
mod running;
