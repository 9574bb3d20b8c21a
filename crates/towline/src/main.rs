//! towline: moves files between people, servers and network devices.

fn main() -> std::process::ExitCode {
    towline::commands::run()
}
