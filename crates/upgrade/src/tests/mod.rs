mod installing;
mod planning;
mod running;
mod together;
