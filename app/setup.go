package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"homeroom/store"
	"homeroom/workflows"
)

// SearchAttributes are the search attributes of Homeroom's workflows by name.
func SearchAttributes() map[string]enums.IndexedValueType {
	return map[string]enums.IndexedValueType{
		workflows.SearchStage.GetName():   enums.INDEXED_VALUE_TYPE_KEYWORD,
		workflows.SearchCourses.GetName(): enums.INDEXED_VALUE_TYPE_KEYWORD_LIST,
		workflows.SearchRules.GetName():   enums.INDEXED_VALUE_TYPE_KEYWORD_LIST,
	}
}

// Setup makes what is missing in NATS (streams, buckets) and Temporal (search attributes). It may run any number of times;
// what exists is left as it is, and is an error only where Homeroom would not work with it.
func Setup(ctx context.Context, js jetstream.JetStream, temporal client.Client, namespace string, o store.Options) error {
	if err := store.Setup(ctx, js, o); err != nil {
		return fmt.Errorf("setting up NATS: %w", err)
	}
	return ensureSearchAttributes(ctx, temporal, namespace)
}

// ensureSearchAttributes registers the search attributes that the namespace does not have yet.
func ensureSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		var denied *serviceerror.PermissionDenied
		if errors.As(err, &denied) {
			return fmt.Errorf("may not look at the search attributes of namespace %q; have them registered (%s) and the key allowed to list them: %w", namespace, attributeNames(), err)
		}
		return fmt.Errorf("listing the search attributes of Temporal namespace %q: %w", namespace, err)
	}
	missing := map[string]enums.IndexedValueType{}
	for name, kind := range SearchAttributes() {
		got, known := have.CustomAttributes[name]
		if known && got != kind {
			return fmt.Errorf("the search attribute %s of Temporal namespace %q is of type %s, and Homeroom needs %s: remove or rename it", name, namespace, got, kind)
		}
		if !known {
			missing[name] = kind
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	var exists *serviceerror.AlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("registering search attributes (%s) in Temporal namespace %q: %w", attributeNames(), namespace, err)
	}
	return nil
}

func attributeNames() string {
	return fmt.Sprintf("%s Keyword, %s KeywordList, %s KeywordList",
		workflows.SearchStage.GetName(), workflows.SearchCourses.GetName(), workflows.SearchRules.GetName())
}

// SecretKey is where the control bucket keeps the secret of an installation that brought none of its own.
const SecretKey = "secret"

// completeSecrets makes the installation's secret if none was brought. If one was, and the installation had made its own
// before, that one is an older one: what was suppressed, and sent, under it still counts.
func (o *Options) completeSecrets(ctx context.Context) error {
	if len(o.Secret) == 0 {
		var err error
		o.Secret, err = installationSecret(ctx, o.JetStream)
		return err
	}
	made, err := madeSecret(ctx, o.JetStream)
	known := func(old []byte) bool { return bytes.Equal(old, made) }
	if err == nil && len(made) > 0 && !known(o.Secret) && !slices.ContainsFunc(o.OldSecrets, known) {
		o.OldSecrets = append(slices.Clone(o.OldSecrets), made)
	}
	return err
}

// madeSecret is the secret that the installation made for itself; none: it never did.
func madeSecret(ctx context.Context, js jetstream.JetStream) ([]byte, error) {
	kv, err := js.KeyValue(ctx, store.BucketControl)
	if err != nil {
		return nil, fmt.Errorf("opening the bucket %s: %w", store.BucketControl, err)
	}
	entry, err := kv.Get(ctx, SecretKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the installation's secret: %w", err)
	}
	return entry.Value(), nil
}

// installationSecret returns the secret made at the first start.
func installationSecret(ctx context.Context, js jetstream.JetStream) ([]byte, error) {
	kv, err := js.KeyValue(ctx, store.BucketControl)
	if err != nil {
		return nil, fmt.Errorf("opening the bucket %s: %w", store.BucketControl, err)
	}
	fresh := make([]byte, 32)
	if _, err := rand.Read(fresh); err != nil {
		return nil, fmt.Errorf("making a secret: %w", err)
	}
	_, err = kv.Create(ctx, SecretKey, fresh)
	if err == nil {
		return fresh, nil
	}
	if !errors.Is(err, jetstream.ErrKeyExists) {
		return nil, fmt.Errorf("keeping the installation's secret: %w", err)
	}
	entry, err := kv.Get(ctx, SecretKey)
	if err != nil {
		return nil, fmt.Errorf("reading the installation's secret: %w", err)
	}
	return entry.Value(), nil
}
