use stack::localcloud::{Cloud, Home, Options};
#[tokio::main]
async fn main() {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let root = std::env::args().nth(1).unwrap();
    let port = std::env::args().nth(2).unwrap().parse().unwrap();
    let cloud = Cloud::start(Options { home: Home::new(root), port }).await.unwrap();
    eprintln!("{}", cloud.endpoint());
    let _ = tokio::signal::ctrl_c().await;
    cloud.stop().await;
}
