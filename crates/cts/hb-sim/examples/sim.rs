//! `cargo run --release -p hb-sim --example sim -- --seeds 500`: the simulator without the rest of the product.

fn main() -> std::process::ExitCode {
    hb_sim::cli::run_command(std::env::args().skip(1)).into()
}
