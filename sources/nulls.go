package sources

import (
	"maps"
	"slices"
)

// withoutNulls returns a body without the members of its objects that are null, at any depth. Null items of lists stay, so that the others keep their places. The body is not
// changed; what has no such member is shared with it.
func withoutNulls(body map[string]any) map[string]any {
	without, _ := dropNulls(body)
	object, _ := without.(map[string]any)
	return object
}

// dropNulls returns a value without the null members of its objects, and whether there were any.
func dropNulls(value any) (without any, changed bool) {
	switch value := value.(type) {
	case map[string]any:
		return dropNullMembers(value)
	case []any:
		return dropNullsOfItems(value)
	}
	return value, false
}

func dropNullMembers(object map[string]any) (without map[string]any, changed bool) {
	without = object
	for name, value := range object {
		kept, less := dropNulls(value)
		if value != nil && !less {
			continue
		}
		if !changed {
			without = maps.Clone(object)
			changed = true
		}
		if value == nil {
			delete(without, name)
		} else {
			without[name] = kept
		}
	}
	return without, changed
}

func dropNullsOfItems(list []any) (without []any, changed bool) {
	without = list
	for n, item := range list {
		kept, less := dropNulls(item)
		if !less {
			continue
		}
		if !changed {
			without = slices.Clone(list)
			changed = true
		}
		without[n] = kept
	}
	return without, changed
}
