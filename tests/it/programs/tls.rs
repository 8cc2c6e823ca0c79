//! An ERP behind TLS, as real ones are: its certificate is checked against what the machine trusts.

use std::sync::Arc;

use serde_json::{Value, json};
use testkit::Sandbox;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::app::TestApp;
use crate::programs::events::event;

const HOST: &str = "localhost";

/// A certificate for [`HOST`] that vouches for itself, and the TLS of a server that has it.
fn certificate() -> (String, TlsAcceptor) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
    let key = signing_key.serialize_der().try_into().unwrap();
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key);
    (cert.pem(), TlsAcceptor::from(Arc::new(server.unwrap())))
}

/// Accepts connections for the ERP, ends the TLS of each connection and passes on what comes.
/// Answers the ERP's URL from now on.
async fn front(erp: &str, tls: TlsAcceptor) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{HOST}:{}", listener.local_addr().unwrap().port());
    let behind = erp
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (tls, behind) = (tls.clone(), behind.clone());
            tokio::spawn(async move {
                // Who does not trust the certificate hangs up.
                let mut client = tls.accept(connection).await?;
                let mut server = TcpStream::connect(behind).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    url
}

/// The first price that the program answers with when it reaches the ERP at `url` and trusts
/// `trusted`.
async fn asked(app: &TestApp, url: &str, trusted: &str) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, trusted).unwrap();
    let mut program = app.program("prices");
    let trusts = file.path().to_str().unwrap().to_owned();
    program.variables.extend([
        ("ERP_URL".to_owned(), url.to_owned()),
        ("SSL_CERT_FILE".to_owned(), trusts),
    ]);
    let sandbox = Sandbox::start(program).await.unwrap();
    let event = event("prices/query.json");
    let answer = sandbox.invoke(&event).await.unwrap();
    assert_eq!(sandbox.errors(), [] as [String; 0]);
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    body["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erp_is_asked_over_tls_and_sent_nothing_when_its_certificate_is_another_ones() {
    let app = TestApp::start().await;
    let (own, tls) = certificate();
    let (anothers, _) = certificate();
    let url = front(app.stack().erp(), tls).await;
    let before = app.all_calls();
    let refused = asked(&app, &url, &anothers).await;
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!("unpriced"), &json!("erp_unavailable")),
        "{refused}"
    );
    assert_eq!(app.all_calls(), before, "nothing was asked");
    let priced = asked(&app, &url, &own).await;
    assert_eq!(
        (&priced["status"], &priced["freshness"]["source"]),
        (&json!("priced"), &json!("erp")),
        "{priced}"
    );
    assert_eq!(app.calls("prices"), 1);
    app.finish().await;
}
