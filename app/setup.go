package app

import (
	"context"
	"errors"
	"fmt"

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
