//! The reconcile function as a program of the Lambda service.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::run(|start| async move { reconcile::build(&start).await }).await
}
