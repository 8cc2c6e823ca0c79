//! The signal by which a stack ends.

use tokio::sync::watch;

/// Ends everything that holds a [`Stop`] of it, by a word or by being dropped.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Tells a task when to end.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// A signal and who may give it.
#[must_use]
pub fn channel() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Gives the signal.
    pub fn stop(&self) {
        let _ = self.0.send(true);
    }
}

impl Stop {
    /// Comes back once the signal was given. May be dropped and asked again.
    pub async fn wait(&mut self) {
        // An error means that the stopper is gone, which is a signal too.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
