package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

// What the metadata of an encrypted payload say.
const (
	Encoding      = "binary/encrypted"
	MetadataKeyID = "encryption-key-id"
)

// The layout of the data: version, salt, nonce, and what is sealed.
const (
	version   = 1
	saltSize  = 16
	nonceSize = 12
	headSize  = 1 + saltSize + nonceSize
)

var (
	// ErrNoKey says that a payload was encrypted with a key that is not here.
	ErrNoKey = errors.New("no such encryption key")
	// ErrDamaged says that an encrypted payload was changed after it was written, or is not one.
	ErrDamaged = errors.New("the encrypted payload is damaged")
)

// Codec encrypts and decrypts payloads. It does not change and may be used concurrently.
type Codec struct {
	first Key
	keys  map[string]Key
}

var _ converter.PayloadCodec = (*Codec)(nil)

// New returns a codec that encrypts with the first key and decrypts with all.
func New(keys ...Key) (*Codec, error) {
	if len(keys) == 0 {
		return nil, errors.New("encryption needs at least one key")
	}
	c := &Codec{first: keys[0], keys: map[string]Key{}}
	for _, k := range keys {
		if k.id == "" {
			return nil, errors.New("an encryption key is empty: make keys with NewKey or ReadKeys")
		}
		if _, twice := c.keys[k.id]; twice {
			return nil, fmt.Errorf("the encryption key %s is given twice", k.id)
		}
		c.keys[k.id] = k
	}
	return c, nil
}

// Encode implements converter.PayloadCodec.
func (c *Codec) Encode(payloads []*common.Payload) ([]*common.Payload, error) {
	sealed := make([]*common.Payload, len(payloads))
	for i, p := range payloads {
		var err error
		if sealed[i], err = c.sealPayload(p); err != nil {
			return nil, fmt.Errorf("encrypting a payload: %w", err)
		}
	}
	return sealed, nil
}

// Decode implements converter.PayloadCodec. The errors are [ErrNoKey] and [ErrDamaged].
func (c *Codec) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	opened := make([]*common.Payload, len(payloads))
	for i, p := range payloads {
		var err error
		if opened[i], err = c.openPayload(p); err != nil {
			return nil, fmt.Errorf("decrypting a payload: %w", err)
		}
	}
	return opened, nil
}

func (c *Codec) sealPayload(p *common.Payload) (*common.Payload, error) {
	plain, err := proto.Marshal(p)
	if err != nil {
		return nil, err
	}
	head := make([]byte, headSize, headSize+len(plain)+16) // 16: the tag of GCM
	head[0] = version
	if _, err := rand.Read(head[1:]); err != nil {
		return nil, err
	}
	aead, err := c.first.newAEAD(head[1 : 1+saltSize])
	if err != nil {
		return nil, err
	}
	return &common.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte(Encoding), MetadataKeyID: []byte(c.first.id)},
		Data:     aead.Seal(head, head[1+saltSize:], plain, associatedData(c.first.id)),
	}, nil
}

func (c *Codec) openPayload(p *common.Payload) (*common.Payload, error) {
	if string(p.GetMetadata()[converter.MetadataEncoding]) != Encoding {
		return p, nil
	}
	id := string(p.GetMetadata()[MetadataKeyID])
	key, ok := c.keys[id]
	if !ok {
		return nil, fmt.Errorf("%w: the payload was encrypted with %q, here are %s: give its key file too (--encryption-key-file)", ErrNoKey, clipText(id), c.listKeyIDs())
	}
	if len(p.Data) < headSize || p.Data[0] != version {
		return nil, fmt.Errorf("%w: it is not of version %d (key %s)", ErrDamaged, version, id)
	}
	aead, err := key.newAEAD(p.Data[1 : 1+saltSize])
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, p.Data[1+saltSize:headSize], p.Data[headSize:], associatedData(id))
	if err != nil {
		return nil, fmt.Errorf("%w: it was changed after it was written (key %s)", ErrDamaged, id)
	}
	opened := &common.Payload{}
	if err := proto.Unmarshal(plain, opened); err != nil {
		return nil, fmt.Errorf("%w: what was encrypted is no payload (key %s): %w", ErrDamaged, id, err)
	}
	return opened, nil
}

func (k Key) newAEAD(salt []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.deriveBytes(append([]byte("homeroom codec payload "), salt...)))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func associatedData(keyID string) []byte { return []byte(Encoding + "\x00" + keyID) }

func (c *Codec) listKeyIDs() string {
	ids := []string{c.first.id}
	for id := range c.keys {
		if id != c.first.id {
			ids = append(ids, id)
		}
	}
	return strings.Join(ids, ", ")
}

// clipText keeps what a stranger wrote short.
func clipText(s string) string { return s[:min(len(s), 64)] }
