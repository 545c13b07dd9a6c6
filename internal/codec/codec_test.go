package codec_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"homeroom/internal/codec"
)

// secret is a key's bytes, all the same.
func secret(b byte) []byte { return bytes.Repeat([]byte{b}, codec.KeySize) }

func key(t testing.TB, b byte) codec.Key {
	t.Helper()
	k, err := codec.NewKey(secret(b))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newCodec(t testing.TB, secrets ...byte) *codec.Codec {
	t.Helper()
	var keys []codec.Key
	for _, b := range secrets {
		keys = append(keys, key(t, b))
	}
	c, err := codec.New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func plain(text string) *common.Payload {
	return &common.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain"), "note": []byte("kept")}, Data: []byte(text)}
}

func sealed(t testing.TB, c *codec.Codec, p *common.Payload) *common.Payload {
	t.Helper()
	out, err := c.Encode([]*common.Payload{p})
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func opened(c *codec.Codec, p *common.Payload) (*common.Payload, error) {
	out, err := c.Decode([]*common.Payload{p})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

func TestWhatIsEncryptedComesBack(t *testing.T) {
	c := newCodec(t, 1)
	tests := []struct {
		name string
		p    *common.Payload
	}{
		{"a state", plain(`{"learner":"u_42"}`)},
		{"nothing in it", plain("")},
		{"no payload at all, but for its place", &common.Payload{}},
		{"a large one", plain(strings.Repeat("x", 1<<20))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := proto.Clone(tt.p)
			hidden := sealed(t, c, tt.p)
			if !proto.Equal(before, tt.p) {
				t.Error("encrypting changed the payload it was given")
			}
			if got := string(hidden.Metadata["encoding"]); got != codec.Encoding {
				t.Errorf("encoding %q, want %q", got, codec.Encoding)
			}
			if got := string(hidden.Metadata[codec.MetadataKeyID]); got != key(t, 1).ID() || len(got) != 16 {
				t.Errorf("key id %q, want %q", got, key(t, 1).ID())
			}
			if len(tt.p.Data) > 0 && bytes.Contains(hidden.Data, tt.p.Data) || bytes.Contains(hidden.Data, []byte("kept")) {
				t.Error("what was encrypted can be read")
			}
			got, err := opened(c, hidden)
			if err != nil || !proto.Equal(got, tt.p) {
				t.Errorf("came back as %v, %v", got, err)
			}
		})
	}
}

func TestTheSamePayloadNeverLooksTheSame(t *testing.T) {
	c := newCodec(t, 1)
	p := plain("{}")
	if bytes.Equal(sealed(t, c, p).Data, sealed(t, c, p).Data) {
		t.Error("two encryptions of one payload are equal")
	}
}

func TestAnyChangedByteIsNoticed(t *testing.T) {
	c := newCodec(t, 1)
	hidden := sealed(t, c, plain(`{"learner":"u_42"}`))
	for i := range hidden.Data {
		changed := proto.CloneOf(hidden)
		changed.Data[i] ^= 1
		if _, err := opened(c, changed); !errors.Is(err, codec.ErrDamaged) {
			t.Fatalf("byte %d changed: %v, want ErrDamaged", i, err)
		}
	}
	for n := range hidden.Data {
		short := proto.CloneOf(hidden)
		short.Data = short.Data[:n]
		if _, err := opened(c, short); !errors.Is(err, codec.ErrDamaged) {
			t.Fatalf("cut to %d bytes: %v, want ErrDamaged", n, err)
		}
	}
}

func TestTheKeyIDIsAuthenticated(t *testing.T) {
	c := newCodec(t, 1, 2)
	hidden := sealed(t, c, plain("{}"))
	hidden.Metadata[codec.MetadataKeyID] = []byte(key(t, 2).ID())
	if _, err := opened(c, hidden); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("under another key's id: %v, want ErrDamaged", err)
	}
}

func TestKeysAreReplacedWhileLearnersAreUnderWay(t *testing.T) {
	before := sealed(t, newCodec(t, 1), plain("old"))
	both := newCodec(t, 2, 1)
	if got, err := opened(both, before); err != nil || string(got.Data) != "old" {
		t.Errorf("the old payload with both keys: %v, %v", got, err)
	}
	after := sealed(t, both, plain("new"))
	if got := string(after.Metadata[codec.MetadataKeyID]); got != key(t, 2).ID() {
		t.Errorf("encrypted with key %s, want the first, %s", got, key(t, 2).ID())
	}
	_, err := opened(newCodec(t, 2), before)
	if !errors.Is(err, codec.ErrNoKey) || !strings.Contains(err.Error(), key(t, 1).ID()) || !strings.Contains(err.Error(), "--encryption-key-file") {
		t.Errorf("without the old key: %v, want ErrNoKey with its id and what to do", err)
	}
}

func TestUnencryptedPayloadsPass(t *testing.T) {
	p := plain(`{"learner":"u_42"}`)
	if got, err := opened(newCodec(t, 1), p); err != nil || !proto.Equal(got, p) {
		t.Errorf("came back as %v, %v", got, err)
	}
}

func TestKeyFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	std := base64.StdEncoding.EncodeToString(secret(0xfb))
	for name, text := range map[string][]byte{
		"raw": secret(0xfb), "base64": []byte(std + "\n"), "base64 of URLs": []byte(base64.URLEncoding.EncodeToString(secret(0xfb))),
		"base64 unpadded": []byte("  " + strings.TrimRight(std, "=") + "\r\n"),
	} {
		keys, err := codec.ReadKeys(file(name, text))
		if err != nil || len(keys) != 1 || keys[0].ID() != key(t, 0xfb).ID() {
			t.Errorf("%s: %v, %v", name, keys, err)
		}
	}
	keys, err := codec.ReadKeys(file("good", secret(1)), file("short", secret(1)[:31]), file("hex", []byte(strings.Repeat("ab", 32))), filepath.Join(dir, "missing"))
	if err == nil || keys != nil {
		t.Fatalf("got %v, %v; want an error", keys, err)
	}
	for _, want := range []string{"short: a key has 32 bytes", "hex: a key has 32 bytes", "missing", "openssl rand"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

func TestKeysThatMakeNoCodec(t *testing.T) {
	for name, keys := range map[string][]codec.Key{"none": {}, "an empty one": {{}}, "one twice": {key(t, 1), key(t, 1)}} {
		if _, err := codec.New(keys...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAKeyIsNeverPrinted(t *testing.T) {
	k := key(t, 'S')
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, k); strings.Contains(text, "SSS") || strings.Contains(text, "0x53") || strings.Contains(text, "83 83") {
			t.Errorf("%s prints %s", format, text)
		}
	}
}

// TestAWorkflowWaitsForTheKey: what a worker cannot decrypt is held, not dropped; everybody else gets an error.
func TestAWorkflowWaitsForTheKey(t *testing.T) {
	var theirs, ours client.Options
	newCodec(t, 1).Apply(&theirs)
	newCodec(t, 2).Apply(&ours)
	payloads, err := theirs.DataConverter.ToPayloads("state")
	if err != nil {
		t.Fatal(err)
	}
	var text string
	if err := theirs.DataConverter.FromPayloads(payloads, &text); err != nil || text != "state" {
		t.Errorf("with the key: %q, %v", text, err)
	}
	if err := ours.DataConverter.FromPayloads(payloads, &text); !errors.Is(err, codec.ErrNoKey) {
		t.Errorf("without the key: %v, want ErrNoKey", err)
	}
	inWorkflow := ours.DataConverter.(workflow.ContextAware).WithWorkflowContext(nil)
	defer func() {
		if said := fmt.Sprint(recover()); !strings.Contains(said, key(t, 1).ID()) {
			t.Errorf("in a workflow: panic %q, want one that names the key", said)
		}
	}()
	_ = inWorkflow.FromPayloads(payloads, &text)
}

func TestFailuresAreEncrypted(t *testing.T) {
	var o client.Options
	c := newCodec(t, 1)
	c.Apply(&o)
	failure := o.FailureConverter.ErrorToFailure(errors.New("lesson l1 is closed"))
	if strings.Contains(failure.String(), "lesson l1") {
		t.Errorf("the failure can be read: %v", failure)
	}
	if err := o.FailureConverter.FailureToError(failure); err == nil || !strings.Contains(err.Error(), "lesson l1 is closed") {
		t.Errorf("came back as %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	c := newCodec(f, 1)
	good := sealed(f, c, plain("{}"))
	id := string(good.Metadata[codec.MetadataKeyID])
	f.Add(codec.Encoding, id, good.Data)
	f.Add(codec.Encoding, "", []byte{})
	f.Add("json/plain", id, []byte("{}"))
	f.Add(codec.Encoding, id, bytes.Repeat([]byte{1}, 29))
	f.Fuzz(func(t *testing.T, encoding, id string, data []byte) {
		p := &common.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding), codec.MetadataKeyID: []byte(id)}, Data: data}
		got, err := opened(c, p)
		switch {
		case err != nil && !errors.Is(err, codec.ErrNoKey) && !errors.Is(err, codec.ErrDamaged):
			t.Fatalf("an error of no kind: %v", err)
		case err == nil && encoding != codec.Encoding && !proto.Equal(got, p):
			t.Fatalf("an unencrypted payload was changed to %v", got)
		}
	})
}
