//! The bucket that the ERP drops its files into, and what became of them.

use serde_json::Value;

use super::{OPERATOR, TestApp};

const BUCKET: &str = "erp-exports";

impl TestApp {
    fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(self.stack().sdk_config())
    }

    /// Drops a file.
    pub async fn drop_file(&self, key: &str, content: impl Into<Vec<u8>>) {
        self.s3()
            .put_object()
            .bucket(BUCKET)
            .key(key)
            .body(content.into().into())
            .send()
            .await
            .unwrap();
    }

    /// Drops a file and waits for the end of its load.
    pub async fn load(&self, key: &str, content: impl Into<Vec<u8>>) -> Value {
        let before = self.loads_of(key).await.len();
        self.drop_file(key, content).await;
        self.eventually("the load ends", async || {
            let loads = self.loads_of(key).await;
            let ended = loads.len() > before && loads[0]["state"] != "running";
            ended.then(|| loads[0].clone())
        })
        .await
    }

    /// The loads of a key, the newest first.
    pub async fn loads_of(&self, key: &str) -> Vec<Value> {
        let page = self
            .get(OPERATOR, "/operations/loads?limit=200")
            .await
            .expect(200);
        page.list("loads")
            .iter()
            .filter(|load| load["key"] == key)
            .cloned()
            .collect()
    }

    /// The content of an object of the bucket.
    pub async fn file(&self, key: &str) -> String {
        String::from_utf8(self.bytes(key).await).unwrap()
    }

    /// The same as bytes, for what may be no text.
    pub async fn bytes(&self, key: &str) -> Vec<u8> {
        let object = self
            .s3()
            .get_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .unwrap();
        object.body.collect().await.unwrap().to_vec()
    }

    /// The keys in the bucket that begin with `prefix`.
    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let listed = self
            .s3()
            .list_objects_v2()
            .bucket(BUCKET)
            .prefix(prefix)
            .send()
            .await
            .unwrap();
        listed
            .contents()
            .iter()
            .map(|object| object.key().unwrap().to_owned())
            .collect()
    }
}
