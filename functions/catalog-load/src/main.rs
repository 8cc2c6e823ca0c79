//! The catalog-load function as a program of the Lambda service.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::run(|start| async move { catalog_load::build(&start).await }).await
}
