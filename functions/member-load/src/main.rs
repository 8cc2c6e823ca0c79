//! The member-load function as a program of the Lambda service.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::run(|runtime| async move { member_load::build(&runtime).await }).await
}
