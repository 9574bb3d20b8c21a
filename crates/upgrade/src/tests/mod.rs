mod installing;
mod planning;
mod running;
