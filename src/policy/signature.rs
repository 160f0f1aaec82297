//! Ed25519 signatures over bundles: reading keys and signatures as leniently as the reference does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};

/// Why a private key cannot sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PEM block of this name.
    #[error("no `-----BEGIN {0}-----` block found; give the key in PEM form")]
    NoPem(&'static str),
    /// A PEM block that is no Ed25519 key.
    #[error("the {0} block holds no Ed25519 key (make one with `openssl genpkey -algorithm ed25519`)")]
    NotEd25519(&'static str),
}

/// A private key that signs bundles.
pub struct BundleKey(SigningKey);

impl BundleKey {
    /// Reads a PKCS#8 key in PEM form, as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// [`KeyError`] when there is no such block or it is another kind of key.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        const LABEL: &str = "PRIVATE KEY";
        let der = pem_block(pem, LABEL).ok_or(KeyError::NoPem(LABEL))?;
        SigningKey::from_pkcs8_der(&der).map(BundleKey).map_err(|_| KeyError::NotEd25519(LABEL))
    }

    /// The public half as PEM (`SubjectPublicKeyInfo`), what verifiers are given.
    #[must_use]
    pub fn public_pem(&self) -> String {
        let der = self.0.verifying_key().to_public_key_der();
        // Encoding a fixed-size key into DER cannot fail.
        let body = der.map(|d| STANDARD.encode(d.as_bytes())).unwrap_or_default();
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }

    /// The signature of `message` in base64. Ed25519 is deterministic: same key, same message, same signature.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> String {
        STANDARD.encode(self.0.sign(message).to_bytes())
    }
}

/// Whether `signature` (base64) is the signature of `message` under the PEM public key. Anything unreadable is a no.
#[must_use]
pub fn verify(public_key_pem: &str, message: &[u8], signature: &str) -> bool {
    let Some(key) = public_key(public_key_pem) else { return false };
    let Some(bytes) = lenient_base64(signature) else { return false };
    let Ok(signature) = Signature::from_slice(&bytes) else { return false };
    key.verify(message, &signature).is_ok()
}

/// Whether the text is a PEM Ed25519 public key.
#[must_use]
pub fn is_public_key(pem: &str) -> bool {
    public_key(pem).is_some()
}

fn public_key(pem: &str) -> Option<VerifyingKey> {
    // Environment variables often carry the line ends as two characters.
    let pem = pem.replace("\\n", "\n");
    VerifyingKey::from_public_key_der(&pem_block(&pem, "PUBLIC KEY")?).ok()
}

/// The bytes of the first PEM block with this label.
fn pem_block(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let compact: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(compact).ok()
}

/// Base64 as Python's `b64decode` reads it: characters outside the alphabet are skipped, reading stops at a complete
/// padding, a wrong length is an error.
fn lenient_base64(text: &str) -> Option<Vec<u8>> {
    let mut letters = String::new();
    let mut pads = 0;
    let mut padded = false;
    for c in text.chars() {
        match c {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' => {
                letters.push(c);
                pads = 0;
            }
            '=' if letters.len() % 4 >= 2 => {
                pads += 1;
                if letters.len() % 4 + pads >= 4 {
                    padded = true;
                    break;
                }
            }
            _ => {}
        }
    }
    if !padded && !letters.len().is_multiple_of(4) {
        return None;
    }
    // Bits left over before the padding are ignored.
    let config = base64::engine::GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent);
    base64::engine::GeneralPurpose::new(&base64::alphabet::STANDARD, config).decode(letters).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // A key made for this test; it guards nothing.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";

    #[test]
    fn what_is_signed_verifies_and_nothing_else_does() {
        let key = BundleKey::from_pem(PRIVATE).unwrap();
        let public = key.public_pem();
        let signature = key.sign(b"a bundle");
        assert!(verify(&public, b"a bundle", &signature));
        assert!(verify(&public.replace('\n', "\\n"), b"a bundle", &signature));
        assert!(!verify(&public, b"a bundlf", &signature));
        assert!(!verify(&public, b"a bundle", ""));
        assert!(!verify("", b"a bundle", &signature));
        assert_eq!(key.sign(b"a bundle"), signature);
    }

    #[test]
    fn a_wrong_private_key_is_named() {
        assert!(matches!(BundleKey::from_pem("x"), Err(KeyError::NoPem("PRIVATE KEY"))));
        let public_as_private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
        assert!(matches!(BundleKey::from_pem(public_as_private), Err(KeyError::NotEd25519(_))));
    }

    #[test]
    fn base64_is_read_as_python_reads_it() {
        for (text, bytes) in [
            ("aGk=", Some(&b"hi"[..])),
            (" a\nG-k_= ", Some(b"hi")),
            ("aGk=Zg==", Some(b"hi")),
            ("aGk", None),
            ("aG=k=", Some(b"hi")),
            ("a===", None),
            ("=aGk=", Some(b"hi")),
            ("", Some(b"")),
            ("aGl=", Some(b"hi")),
        ] {
            assert_eq!(lenient_base64(text).as_deref(), bytes, "{text:?}");
        }
    }
}
