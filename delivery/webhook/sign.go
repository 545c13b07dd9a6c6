package webhook

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The headers of Standard Webhooks.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// secretPrefix stands before a secret in base64.
const secretPrefix = "whsec_"

// The sizes of secrets in bytes, as Standard Webhooks has them.
const (
	minSecret = 24
	maxSecret = 64
)

// Secrets are those of the targets by name, the one in use first; posts are signed with each, so that a target can change over.
type Secrets map[string][][]byte

// String keeps secrets out of logs.
func (s Secrets) String() string { return fmt.Sprintf("webhook.Secrets of %d targets", len(s)) }

// GoString keeps secrets out of logs.
func (s Secrets) GoString() string { return s.String() }

var targetName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// ReadSecrets reads lines of a target's name and a secret, "chat whsec_…". Empty lines and those that begin with # do not count. A target may have several lines. No error
// tells a secret.
func ReadSecrets(r io.Reader) (Secrets, error) {
	secrets := Secrets{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) != 2 || !targetName.MatchString(fields[0]) {
			return nil, fmt.Errorf("line %d is not a target and a secret; write: chat %s…", n, secretPrefix)
		}
		secret, err := parseSecret(fields[1])
		if err != nil {
			return nil, fmt.Errorf("line %d, the secret of %s: %w", n, fields[0], err)
		}
		secrets[fields[0]] = append(secrets[fields[0]], secret)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the secrets of targets: %w", err)
	}
	return secrets, nil
}

// parseSecret reads a secret as Standard Webhooks writes one.
func parseSecret(text string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	secret, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return nil, fmt.Errorf("it must be %s and the secret in base64; make one: echo %s$(openssl rand -base64 32)", secretPrefix, secretPrefix)
	}
	if len(secret) < minSecret || len(secret) > maxSecret {
		return nil, fmt.Errorf("it has %d bytes; take %d to %d", len(secret), minSecret, maxSecret)
	}
	return secret, nil
}

// sign returns the value of the header webhook-signature: a signature for each secret.
func sign(secrets [][]byte, id string, at time.Time, body []byte) string {
	var all []string
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		fmt.Fprintf(mac, "%s.%s.", id, timestamp(at))
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " ")
}

func timestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
