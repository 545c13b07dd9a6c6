package sendgrid

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The headers of SendGrid's signed event webhook.
const (
	signatureHeader = "X-Twilio-Email-Event-Webhook-Signature"
	timestampHeader = "X-Twilio-Email-Event-Webhook-Timestamp"
)

// ParsePublicKey reads the verification key of SendGrid's signed event webhook, as its settings page shows it (base64 of
// the DER form) or as PEM. It must be an ECDSA key on the curve P-256. The error holds nothing of the text.
func ParsePublicKey(text string) (*ecdsa.PublicKey, error) {
	der, err := publicDER(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("the webhook's verification key is not a public key; copy it from SendGrid's event webhook settings: %w", err)
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the webhook's verification key is not an ECDSA key but a %T; copy it from SendGrid's event webhook settings", parsed)
	}
	if key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("the webhook's verification key is on the curve %s, SendGrid's are on P-256", key.Curve.Params().Name)
	}
	return key, nil
}

func publicDER(text string) ([]byte, error) {
	if text == "" {
		return nil, errors.New("the webhook's verification key is empty; copy it from SendGrid's event webhook settings")
	}
	if strings.HasPrefix(text, "-----BEGIN") {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, errors.New("the webhook's verification key begins like PEM but is damaged")
		}
		if block.Type != "PUBLIC KEY" {
			return nil, errors.New("the webhook's verification key is PEM, but of something else than a PUBLIC KEY")
		}
		return block.Bytes, nil
	}
	der, err := base64.StdEncoding.Strict().DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, fmt.Errorf("the webhook's verification key is neither base64 nor PEM: %w", err)
	}
	return der, nil
}

// Why a post is not believed.
var (
	errUnsigned = errors.New("it carries no signature: turn on signature verification in SendGrid's event webhook settings")
	errForged   = errors.New("its signature is not the key's")
	errStale    = errors.New("its timestamp is outside the allowed age")
)

// verifySignature reports whether the owner of the key signed the body at the timestamp: ECDSA over SHA-256 of timestamp and raw
// body, ASN.1 DER, base64 (Twilio SendGrid, "Getting Started with the Event Webhook Security Features"). Old posts, and
// those from the future, are refused if maxAge is not 0.
func verifySignature(key *ecdsa.PublicKey, signature, timestamp string, body []byte, now time.Time, maxAge time.Duration) error {
	if signature == "" || timestamp == "" {
		return errUnsigned
	}
	der, err := base64.StdEncoding.DecodeString(signature)
	// One signature has one spelling; even a strict decoder skips line breaks.
	if err != nil || base64.StdEncoding.EncodeToString(der) != signature {
		return errForged
	}
	hash := sha256.New()
	hash.Write([]byte(timestamp))
	hash.Write(body)
	if !ecdsa.VerifyASN1(key, hash.Sum(nil), der) {
		return errForged
	}
	if maxAge <= 0 {
		return nil
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > maxAge {
		return errStale
	}
	return nil
}
