package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// secretKey is the key, in the control bucket, of the secret that an installation made for itself; secretCopyKey that of its copy, with
// a checksum: without this secret no suppression and no link is found any more.
const (
	secretKey     = "secret"
	secretCopyKey = "secret_copy"
)

// secretCopy is the copy as stored.
type secretCopy struct {
	Secret []byte `json:"secret"`
	Sum    []byte `json:"sum"` // SHA-256 of Secret
}

// The sizes of secrets, in bytes: of the shortest that is accepted, and of one that an installation makes for itself.
const (
	MinSecretSize  = 16
	madeSecretSize = 32
)

// ErrSecretUnknown says that an installation keeps no secret of its own and none was given: its processes read it from a
// file.
var ErrSecretUnknown = errors.New("`homeroom serve` was given the secret of this installation in a file: name the same file with --secret-file")

// ErrSecretTooShort says that a file holds fewer than [MinSecretSize] bytes.
var ErrSecretTooShort = fmt.Errorf("a secret has at least %d: make one with `openssl rand -out FILE 32`", MinSecretSize)

// ReadSecretFiles reads one secret from each file and returns them in the order of the files; a file without a name is left
// out. The errors are those of reading and [ErrSecretTooShort].
func ReadSecretFiles(files []string) ([][]byte, error) {
	var secrets [][]byte
	for _, file := range files {
		if file == "" {
			continue
		}
		secret, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the secret: %w", err)
		}
		if len(secret) < MinSecretSize {
			return nil, fmt.Errorf("%s holds %d bytes; %w", file, len(secret), ErrSecretTooShort)
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
}

// InstallationSecrets returns all secrets of an installation, the one in use first: those given, which come from files, and
// then the one that the installation made for itself before it was given any, because what was suppressed and sent under
// that one still counts. It makes none: hashes under a new secret would match nothing. Without any secret the error is
// [ErrSecretUnknown], and an [*OtherSecretError] if the one that the installation uses is not among them.
func InstallationSecrets(ctx context.Context, js jetstream.JetStream, given [][]byte) ([][]byte, error) {
	bucket, err := openSecretBucket(ctx, js)
	if err != nil {
		return nil, err
	}
	made, err := readMadeSecret(ctx, bucket)
	if err != nil {
		return nil, err
	}
	if len(made) == 0 && len(given) == 0 {
		return nil, ErrSecretUnknown
	}
	isMade := func(secret []byte) bool { return bytes.Equal(secret, made) }
	secrets := given
	if len(made) > 0 && !slices.ContainsFunc(given, isMade) {
		secrets = append(slices.Clone(given), made)
	}
	return secrets, checkSecrets(ctx, bucket, secrets)
}

// EnsureSecrets is [InstallationSecrets] for a process that serves: without any secret it makes one and keeps it in the
// control bucket. Processes that start at the same time agree on one.
func EnsureSecrets(ctx context.Context, js jetstream.JetStream, given [][]byte) ([][]byte, error) {
	secrets, err := InstallationSecrets(ctx, js, given)
	if err != nil && !errors.Is(err, ErrSecretUnknown) {
		return nil, err
	}
	bucket, openErr := openSecretBucket(ctx, js)
	if openErr != nil {
		return nil, openErr
	}
	if err == nil {
		made, err := readMadeSecret(ctx, bucket)
		if err == nil && made != nil { // by an earlier version, which kept no copy
			err = keepSecretCopy(ctx, bucket, made)
		}
		return secrets, err
	}
	if err := checkSecrets(ctx, bucket, nil); err != nil { // its processes were given a file
		return nil, err
	}
	fresh := make([]byte, madeSecretSize)
	if _, err := rand.Read(fresh); err != nil {
		return nil, fmt.Errorf("make the installation's secret: %w", err)
	}
	_, err = bucket.Create(ctx, secretKey, fresh)
	if err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
		return nil, fmt.Errorf("keep the installation's secret: %w", err)
	}
	kept, err := readMadeSecret(ctx, bucket)
	if err != nil {
		return nil, err
	}
	return [][]byte{kept}, keepSecretCopy(ctx, bucket, kept)
}

// keepSecretCopy stores the copy of the secret, unless there is one that can be read.
func keepSecretCopy(ctx context.Context, bucket jetstream.KeyValue, secret []byte) error {
	kept, err := readSecretCopy(ctx, bucket)
	if err != nil || kept != nil {
		return err
	}
	sum := sha256.Sum256(secret)
	data, err := json.Marshal(secretCopy{Secret: secret, Sum: sum[:]})
	if err == nil {
		_, err = bucket.Put(ctx, secretCopyKey, data)
	}
	if err != nil {
		return fmt.Errorf("keep a copy of the installation's secret: %w", err)
	}
	return nil
}

// readSecretCopy returns the secret as its copy has it; nil if there is no copy, or it is damaged.
func readSecretCopy(ctx context.Context, bucket jetstream.KeyValue) ([]byte, error) {
	entry, err := bucket.Get(ctx, secretCopyKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the copy of the installation's secret: %w", err)
	}
	return openSecretCopy(entry.Value()), nil
}

// fits reports whether the checksum is the secret's.
func (c secretCopy) fits() bool {
	sum := sha256.Sum256(c.Secret)
	return bytes.Equal(sum[:], c.Sum)
}

func openSecretBucket(ctx context.Context, js jetstream.JetStream) (jetstream.KeyValue, error) {
	bucket, err := js.KeyValue(ctx, BucketControl)
	if err != nil {
		return nil, fmt.Errorf("the store is not set up: start `homeroom serve` against this NATS once: %w", err)
	}
	return bucket, nil
}

// readMadeSecret returns the secret that the installation made for itself, or none. The copy, which has a checksum, is believed
// first. If the secret is damaged and there is no copy the error wraps [ErrDamaged]: under another secret no suppression would be
// found, and learners who left would be written to.
func readMadeSecret(ctx context.Context, bucket jetstream.KeyValue) ([]byte, error) {
	kept, err := readSecretCopy(ctx, bucket)
	if err != nil || kept != nil {
		return kept, err
	}
	entry, err := bucket.Get(ctx, secretKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the installation's secret: %w", err)
	}
	if len(entry.Value()) != madeSecretSize {
		return nil, fmt.Errorf("read the installation's secret: it has %d bytes, not %d: %w; put back the record %s of the bucket %s from a backup",
			len(entry.Value()), madeSecretSize, ErrDamaged, secretKey, BucketControl)
	}
	return entry.Value(), nil
}
