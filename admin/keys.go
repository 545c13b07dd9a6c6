package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/internal/writekey"
	"homeroom/sources"
	"homeroom/store"
)

// WriteKeyInfo is what is known of a write key; never the key itself.
type WriteKeyInfo struct {
	ID        string    `json:"id"`
	Name      string    `json:"name,omitempty"`
	Scopes    []string  `json:"scopes"`               // never nil; empty: everything
	PerSecond int       `json:"per_second,omitempty"` // events a second; 0: no limit
	By        string    `json:"by"`
	At        time.Time `json:"at"`
	RevokedBy string    `json:"revoked_by,omitempty"`
	RevokedAt time.Time `json:"revoked_at,omitzero"` // zero: it may be used
}

// WriteKeyOptions say what a write key is for.
type WriteKeyOptions struct {
	Name      string   // for people, 1 to 64 bytes
	Scopes    []string // what it may be used for; empty: everything. See [CheckScope]
	PerSecond int      // events a second that each process takes by it; 0: no limit
}

// NewWriteKey is a key that was made. It is shown once.
type NewWriteKey struct {
	WriteKeyInfo
	Key string `json:"key"`
}

// WriteKeyList lists the write keys, the oldest first, the revoked ones among them.
type WriteKeyList struct {
	Keys []WriteKeyInfo `json:"keys"` // never nil
}

const maxKeyName = 64

// CheckScope returns an [*InputError] for what is no scope. There is "events", for every path, and "source:<name>", for the bodies of one source.
func CheckScope(scope string) error {
	if source, ok := strings.CutPrefix(scope, "source:"); scope == "events" || ok && sources.ValidName(source) {
		return nil
	}
	return inputError(fmt.Errorf("%q is no scope: there are events, and source:NAME for the bodies of one source", scope))
}

// CreateWriteKey makes a write key. It counts for every process with the role api within a second.
func (i *Installation) CreateWriteKey(ctx context.Context, o WriteKeyOptions) (NewWriteKey, error) {
	name := strings.TrimSpace(o.Name)
	switch {
	case name == "" || len(name) > maxKeyName:
		return NewWriteKey{}, inputError(fmt.Errorf("say what the key is for, in 1 to %d bytes, such as the name of the system that posts with it", maxKeyName))
	case o.PerSecond < 0:
		return NewWriteKey{}, inputError(errors.New("the limit is a number of events a second, 0 for none"))
	}
	for _, scope := range o.Scopes {
		if err := CheckScope(scope); err != nil {
			return NewWriteKey{}, err
		}
	}
	keys, err := store.OpenWriteKeys(ctx, i.js)
	if err != nil {
		return NewWriteKey{}, err
	}
	defer keys.Close()
	text, id := writekey.New()
	made := store.WriteKey{
		ID:        id,
		Hash:      writekey.Hash(text),
		Name:      name,
		Scopes:    slices.Clone(o.Scopes),
		PerSecond: o.PerSecond,
		By:        i.actor.Name,
		At:        i.MachineNow().UTC(),
	}
	err = i.recordAct(ctx, AuditRecord{Action: store.ActionCreateKey, Target: id}, func() error { return keys.Create(ctx, made) })
	return NewWriteKey{WriteKeyInfo: describeWriteKey(made), Key: text}, err
}

// WriteKeys lists the write keys.
func (i *Installation) WriteKeys(ctx context.Context) (WriteKeyList, error) {
	keys, err := store.OpenWriteKeys(ctx, i.js)
	if err != nil {
		return WriteKeyList{}, err
	}
	defer keys.Close()
	list := WriteKeyList{Keys: []WriteKeyInfo{}}
	for _, key := range keys.List() {
		list.Keys = append(list.Keys, describeWriteKey(key))
	}
	return list, nil
}

// RevokeWriteKey takes a key out of use, within a second, for every process with the role api. It reports whether it was in use.
func (i *Installation) RevokeWriteKey(ctx context.Context, id string) (changed bool, err error) {
	if found, ok := writekey.Parse(id); ok {
		id = found // the whole key was given
	}
	if !writekey.ValidID(id) {
		return false, inputError(errors.New("give the id of a key, as `homeroom keys list` shows it"))
	}
	keys, err := store.OpenWriteKeys(ctx, i.js)
	if err != nil {
		return false, err
	}
	defer keys.Close()
	if _, known := keys.Find(id); !known {
		return false, inputError(fmt.Errorf("there is no write key %s: `homeroom keys list` shows which there are", id))
	}
	err = i.recordAct(ctx, AuditRecord{Action: store.ActionRevokeKey, Target: id}, func() error {
		changed, err = keys.Revoke(ctx, id, i.actor.Name, i.MachineNow().UTC())
		return err
	})
	return changed, err
}

func describeWriteKey(key store.WriteKey) WriteKeyInfo {
	return WriteKeyInfo{
		ID:        key.ID,
		Name:      key.Name,
		Scopes:    append([]string{}, key.Scopes...),
		PerSecond: key.PerSecond,
		By:        key.By,
		At:        key.At,
		RevokedBy: key.RevokedBy,
		RevokedAt: key.RevokedAt,
	}
}
