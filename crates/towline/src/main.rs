//! towline: moves files between people, servers and network devices.

fn main() -> std::process::ExitCode {
    transport::return_large_blocks();
    towline::commands::run()
}
