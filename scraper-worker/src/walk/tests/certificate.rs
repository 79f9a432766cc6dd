//! A site whose certificate nobody vouches for. The certificate and its key beside this file are made
//! up for it and good for nothing else.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
};

use super::*;

const CERTIFICATE: &[u8] = include_bytes!("certificate/self_signed.der");
const KEY: &[u8] = include_bytes!("certificate/key.der");

fn acceptor() -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(KEY.to_vec().into());
    let settings = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CERTIFICATE.to_vec().into()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(settings))
}

/// The address of a site with that certificate, and how many connections to it were made good.
async fn self_signed() -> (String, Arc<std::sync::atomic::AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let good = Arc::<std::sync::atomic::AtomicU32>::default();
    let (acceptor, count) = (acceptor(), Arc::clone(&good));
    actix_rt::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            if acceptor.accept(client).await.is_ok() {
                count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        }
    });
    (url, good)
}

#[actix_rt::test]
async fn a_site_with_a_certificate_of_nobody_is_not_read_and_said_to_have_one() {
    for is_guarded in [false, true] {
        let (url, good) = self_signed().await;
        let provider = PlainLists {
            ways: vec![("only", url)],
            is_guarded,
            ..PlainLists::default()
        };
        let bench = Bench::new();
        let (walked, kept) = read_with(&bench.fetcher(), &provider, None).await;
        let (reason, retryable) = failure_of(&walked);
        assert!(
            reason.starts_with("no complete answer from 127.0.0.1:")
                && reason.contains("certificate"),
            "{reason}"
        );
        assert!(retryable && kept.ids().is_empty());
        assert_eq!(good.load(std::sync::atomic::Ordering::SeqCst), 0);
    }
}
