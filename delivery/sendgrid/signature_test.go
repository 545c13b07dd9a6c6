package sendgrid

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"
)

// The public vector of SendGrid's own library. The CRLF at the end of its body is signed too.
const (
	vectorBody = `[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",` +
		`"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",` +
		`"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",` +
		`"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]` + "\r\n"
	vectorKey       = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
	vectorTimestamp = "1600112502"
	vectorSignature = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
)

var vectorTime = time.Unix(1600112502, 0).UTC()

func mustKey(t testing.TB, text string) *ecdsa.PublicKey {
	t.Helper()
	key, err := ParsePublicKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestThePublicVectorVerifies(t *testing.T) {
	if err := verifySignature(mustKey(t, vectorKey), vectorSignature, vectorTimestamp, []byte(vectorBody), vectorTime, 0); err != nil {
		t.Fatal(err)
	}
}

// eachByteChanged calls with every text that differs from text in one byte, in a few ways each.
func eachByteChanged(text []byte, try func(at int, changed []byte)) {
	for i := range text {
		for _, by := range []byte{0x01, 0x02, 0x04, 0x20, 0x80, 0xFF} {
			changed := bytes.Clone(text)
			changed[i] ^= by
			try(i, changed)
		}
	}
}

func TestAnyChangedByteIsRefused(t *testing.T) {
	key := mustKey(t, vectorKey)
	body := []byte(vectorBody)
	refused := func(what string, at int, err error) {
		t.Helper()
		if !errors.Is(err, errForged) {
			t.Errorf("%s, byte %d: %v", what, at, err)
		}
	}
	eachByteChanged(body, func(at int, changed []byte) {
		refused("body", at, verifySignature(key, vectorSignature, vectorTimestamp, changed, vectorTime, 0))
	})
	eachByteChanged([]byte(vectorTimestamp), func(at int, changed []byte) {
		refused("timestamp", at, verifySignature(key, vectorSignature, string(changed), body, vectorTime, 0))
	})
	eachByteChanged([]byte(vectorSignature), func(at int, changed []byte) {
		refused("signature", at, verifySignature(key, string(changed), vectorTimestamp, body, vectorTime, 0))
	})
	eachByteChanged([]byte(vectorKey), func(at int, changed []byte) {
		other, err := ParsePublicKey(string(changed))
		if err == nil {
			refused("key", at, verifySignature(other, vectorSignature, vectorTimestamp, body, vectorTime, 0))
		}
	})
	for at := range body {
		refused("body without byte", at, verifySignature(key, vectorSignature, vectorTimestamp, append(bytes.Clone(body[:at]), body[at+1:]...), vectorTime, 0))
	}
	for at := range vectorSignature {
		refused("signature with a line break", at, verifySignature(key, vectorSignature[:at]+"\n"+vectorSignature[at:], vectorTimestamp, body, vectorTime, 0))
	}
	refused("body and one byte more", 0, verifySignature(key, vectorSignature, vectorTimestamp, append(bytes.Clone(body), '\n'), vectorTime, 0))
	refused("a byte moved from the timestamp to the body", 0,
		verifySignature(key, vectorSignature, vectorTimestamp[:9], append([]byte(vectorTimestamp[9:]+" "), body...), vectorTime, 0))
}

func TestSignatures(t *testing.T) {
	key := mustKey(t, vectorKey)
	body := []byte(vectorBody)
	for _, tc := range []struct {
		name                 string
		signature, timestamp string
		want                 error
	}{
		{"no signature", "", vectorTimestamp, errUnsigned},
		{"no timestamp", vectorSignature, "", errUnsigned},
		{"not base64", "%%%", vectorTimestamp, errForged},
		{"not DER", base64.StdEncoding.EncodeToString([]byte("hello")), vectorTimestamp, errForged},
		{"r and s are zero", base64.StdEncoding.EncodeToString([]byte{0x30, 6, 2, 1, 0, 2, 1, 0}), vectorTimestamp, errForged},
		{"something after the DER", base64.StdEncoding.EncodeToString(append(must(base64.StdEncoding.DecodeString(vectorSignature)), 0)), vectorTimestamp, errForged},
	} {
		if err := verifySignature(key, tc.signature, tc.timestamp, body, vectorTime, 0); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestFreshness(t *testing.T) {
	key := mustKey(t, vectorKey)
	body := []byte(vectorBody)
	for _, tc := range []struct {
		name   string
		passed time.Duration // since the post was signed
		maxAge time.Duration
		want   error
	}{
		{"any age is allowed", 10 * 365 * 24 * time.Hour, 0, nil},
		{"just in time", 10 * time.Minute, 10 * time.Minute, nil},
		{"a second too old", 10*time.Minute + time.Second, 10 * time.Minute, errStale},
		{"from the near future: clocks differ", -10 * time.Minute, 10 * time.Minute, nil},
		{"from too far in the future", -10*time.Minute - time.Second, 10 * time.Minute, errStale},
	} {
		if err := verifySignature(key, vectorSignature, vectorTimestamp, body, vectorTime.Add(tc.passed), tc.maxAge); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
	own := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	for _, odd := range []string{"soon", "99999999999999999999", "9223372036854775807", "-9223372036854775808", "1e9", " "} {
		if err := verifySignature(&own.PublicKey, signed(t, own, odd, body), odd, body, vectorTime, time.Hour); !errors.Is(err, errStale) {
			t.Errorf("timestamp %q: %v, want %v", odd, err, errStale)
		}
	}
}

func TestParsePublicKey(t *testing.T) {
	der := must(base64.StdEncoding.DecodeString(vectorKey))
	public := func(key any) string {
		return base64.StdEncoding.EncodeToString(must(x509.MarshalPKIXPublicKey(key)))
	}
	asPEM := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	rsaKey := must(rsa.GenerateKey(rand.Reader, 1024))
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	offCurve := bytes.Clone(der)
	offCurve[len(offCurve)-1] ^= 1
	for _, tc := range []struct{ name, text, want string }{
		{"base64, as the settings page shows it", vectorKey, ""},
		{"with a line break from copying", vectorKey[:64] + "\r\n  " + vectorKey[64:] + "\n", ""},
		{"PEM", asPEM("PUBLIC KEY", der), ""},
		{"PEM with space around", "\n" + asPEM("PUBLIC KEY", der) + "\n", ""},
		{"nothing", " ", "is empty"},
		{"not base64", "SG.key_of_the_api", "neither base64 nor PEM"},
		{"base64 of something else", "aGVsbG8gd29ybGQ=", "not a public key"},
		{"cut off", vectorKey[:100], "not a public key"},
		{"damaged PEM", "-----BEGIN PUBLIC KEY-----\nMFkw", "damaged"},
		{"a private key", asPEM("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(own))), "something else than a PUBLIC KEY"},
		{"an RSA key", public(&rsaKey.PublicKey), "not an ECDSA key but a *rsa.PublicKey"},
		{"an Ed25519 key", public(ed), "not an ECDSA key"},
		{"another curve", public(&must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)).PublicKey), "P-384"},
		{"a point beside the curve", base64.StdEncoding.EncodeToString(offCurve), "not a public key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			key, err := ParsePublicKey(tc.text)
			if tc.want == "" {
				if err != nil || !key.Equal(mustKey(t, vectorKey)) {
					t.Errorf("got %v, %v", key, err)
				}
				return
			}
			if err == nil || key != nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, %v; want an error with %q", key, err, tc.want)
			}
			if len(tc.text) > 10 && strings.Contains(err.Error(), tc.text[len(tc.text)-8:]) {
				t.Errorf("the error shows the text: %v", err)
			}
		})
	}
}

func FuzzParsePublicKey(f *testing.F) {
	f.Add(vectorKey)
	f.Add("-----BEGIN PUBLIC KEY-----\n" + vectorKey + "\n-----END PUBLIC KEY-----")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ParsePublicKey(text)
		if err == nil && key.Curve != elliptic.P256() || err != nil && key != nil {
			t.Errorf("%v, %v", key, err)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
