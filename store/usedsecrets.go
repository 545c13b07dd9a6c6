package store

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// usedSecretsKey is the key, in the control bucket, of what is kept of the secrets that were in use.
const usedSecretsKey = "used_secrets"

// How much work it is to hold a secret against what is kept of it, in rounds of PBKDF2 with SHA-256: 600,000 (OWASP's figure, a fifth of a
// second) for one that people chose, and few for one that the installation made, which is random and lies in the same bucket. More than
// maxRounds were not written by Homeroom.
const (
	givenRounds = 600_000
	madeRounds  = 1
	maxRounds   = 10_000_000
)

// usedSecret is what is kept of a secret. It does not hold the secret.
type usedSecret struct {
	Salt   []byte    `json:"salt"`
	Rounds int       `json:"rounds"`
	Hash   []byte    `json:"hash"`
	Since  time.Time `json:"since"`
	By     string    `json:"by,omitempty"` // the instance that used it first
}

// usedSecrets is the record of the secrets that were in use, the present one first.
type usedSecrets struct {
	Used []usedSecret `json:"used"`
}

// SecretInUse says since when the present secret of an installation is in use, and which instance used it first.
type SecretInUse struct {
	Since time.Time
	By    string
}

// OtherSecretError says that none of the secrets that a process was given is the one that the installation uses.
type OtherSecretError struct {
	InUse SecretInUse
}

// Error says which secret is lacking, and what to do.
func (e *OtherSecretError) Error() string {
	return fmt.Sprintf("none of the secrets that were given is the one in use since %s (used first by %s): "+
		"under another one no link in a mail would work and no suppression would be found. Give its file too (--secret-file, which may be given again: the new one first, then those that it replaced). "+
		"If it is lost, `nats kv del %s %s` begins anew with the one that is given; suppress at the provider first who must not be written to",
		e.InUse.Since.UTC().Format(time.RFC3339), e.InUse.By, BucketControl, usedSecretsKey)
}

// hashSecret returns the hash of a secret.
func hashSecret(secret, salt []byte, rounds int) ([]byte, error) {
	return pbkdf2.Key(sha256.New, string(secret), slices.Concat([]byte("homeroom used secret\x00"), salt), rounds, sha256.Size)
}

// isOf reports whether it was kept of this secret.
func (u usedSecret) isOf(secret []byte) bool {
	if u.Rounds < 1 || u.Rounds > maxRounds {
		return false
	}
	hash, err := hashSecret(secret, u.Salt, u.Rounds)
	return err == nil && hmac.Equal(hash, u.Hash)
}

// newUsedSecret returns what is to be kept of a secret.
func newUsedSecret(secret []byte, rounds int, by string, now time.Time) (usedSecret, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return usedSecret{}, fmt.Errorf("make a salt: %w", err)
	}
	hash, err := hashSecret(secret, salt, rounds)
	if err != nil {
		return usedSecret{}, fmt.Errorf("hash the secret: %w", err)
	}
	return usedSecret{
		Salt:   salt,
		Rounds: rounds,
		Hash:   hash,
		Since:  now,
		By:     by,
	}, nil
}

// checkSecrets returns an [*OtherSecretError] if the installation uses a secret that is not among these. A record that cannot be read, or
// that does not exist yet, is no error.
func checkSecrets(ctx context.Context, bucket jetstream.KeyValue, secrets [][]byte) error {
	var record usedSecrets
	if _, err := readRecord(ctx, bucket, usedSecretsKey, &record); err != nil && !errors.Is(err, ErrDamaged) {
		return err
	}
	if len(record.Used) == 0 || slices.ContainsFunc(secrets, record.Used[0].isOf) {
		return nil
	}
	return &OtherSecretError{record.Used[0].inUse()}
}

func (u usedSecret) inUse() SecretInUse { return SecretInUse{Since: u.Since, By: u.By} }

// RecordSecrets records that the first of the secrets is in use from now on, if another one was or none. The others are those that it replaced. It is for a process that may
// write every record of the control bucket. by names the instance. An error is an [*OtherSecretError] if the one in use is not among them.
func RecordSecrets(ctx context.Context, js jetstream.JetStream, secrets [][]byte, by string, now time.Time) error {
	bucket, err := openSecretBucket(ctx, js)
	if err != nil {
		return err
	}
	made, err := readMadeSecret(ctx, bucket)
	if err != nil {
		return err
	}
	rounds := givenRounds
	if hmac.Equal(made, secrets[0]) {
		rounds = madeRounds
	}
	return modifyOrReplace(ctx, bucket, usedSecretsKey, func(record *usedSecrets, _ bool) (bool, error) {
		if len(record.Used) > 0 && !slices.ContainsFunc(secrets, record.Used[0].isOf) {
			return false, &OtherSecretError{record.Used[0].inUse()}
		}
		// During a replacement, some processes still have an older one in front: the newest stays the one that all have to know.
		if slices.ContainsFunc(record.Used, func(u usedSecret) bool { return u.isOf(secrets[0]) }) {
			return false, nil
		}
		used, err := newUsedSecret(secrets[0], rounds, by, now)
		if err != nil {
			return false, err
		}
		record.Used = append([]usedSecret{used}, record.Used...)
		return true, nil
	})
}

// ReadSecretInUse returns which secret the installation uses, and false if that is not recorded yet.
func (c *Control) ReadSecretInUse(ctx context.Context) (SecretInUse, bool, error) {
	var record usedSecrets
	if _, err := readRecord(ctx, c.kv, usedSecretsKey, &record); err != nil {
		return SecretInUse{}, false, err
	}
	if len(record.Used) == 0 {
		return SecretInUse{}, false, nil
	}
	return record.Used[0].inUse(), true, nil
}
