//! Arguments in, exit code out.

fn main() -> stack::cli::Exit {
    stack::cli::main()
}
