//! The operations function as a program of the Lambda service.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::run(|runtime| async move { operations::build(&runtime).await }).await
}
