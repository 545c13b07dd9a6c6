package admin

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"homeroom/delivery"
	"homeroom/delivery/sendgrid"
	"homeroom/store"
)

// SuppressionImportOptions say what is imported.
type SuppressionImportOptions struct {
	In     io.Reader         // as SendGrid exports its lists: CSV with headers, or JSON
	List   string            // which of SendGrid's lists it is; empty: each entry says so in its field "list"
	Topics map[string]string // by the name or id of a group of group_unsubscribes: the topic that is left
	DryRun bool              // only read, and write nothing
}

// SuppressionImport is what an import of a suppression list did.
type SuppressionImport struct {
	Read     int            `json:"read"`     // entries
	Effects  map[string]int `json:"effects"`  // what they changed: new, known, counted, lifted, invalid; of a dry run how many are usable
	Rejected int            `json:"rejected"` // entries that cannot be used
	Problems []string       `json:"problems"` // of the first of them, without addresses; never nil
}

const maxImportProblems = 10

// ImportSuppressions takes addresses from a file as suppressed. It may be repeated, and what was lifted since an address was listed stays lifted. The
// installation must have been connected with its secret. An error about the file is an [*InputError]; what was read before it has been taken in.
func (i *Installation) ImportSuppressions(ctx context.Context, opts SuppressionImportOptions) (SuppressionImport, error) {
	if opts.DryRun {
		return i.importSuppressions(ctx, opts)
	}
	var result SuppressionImport
	err := i.recordAct(ctx, AuditRecord{Action: store.ActionImportSuppressed, Target: opts.List}, func() (err error) {
		result, err = i.importSuppressions(ctx, opts)
		return err
	})
	return result, err
}

func (i *Installation) importSuppressions(ctx context.Context, opts SuppressionImportOptions) (SuppressionImport, error) {
	result := SuppressionImport{Effects: map[string]int{}, Problems: []string{}}
	var failed error
	file := sendgrid.ListFileOptions{List: sendgrid.List(opts.List), Topics: opts.Topics, Now: i.opts.Now().UTC()}
	err := sendgrid.ReadListFile(opts.In, file, func(row sendgrid.ListRow) error {
		result.Read++
		if row.Problem != "" {
			result.Rejected++
			if len(result.Problems) < maxImportProblems {
				result.Problems = append(result.Problems, fmt.Sprintf("entry %d: %s", row.Number, row.Problem))
			}
			return nil
		}
		if opts.DryRun {
			result.Effects["usable"]++
			return nil
		}
		effect, err := delivery.TakeListed(ctx, i.store.Suppressions, row.Listed)
		if err != nil {
			failed = err
			return err
		}
		result.Effects[string(effect)]++
		return nil
	})
	if failed != nil {
		return result, failed
	}
	if err != nil {
		return result, inputError(err)
	}
	return result, nil
}

// ExportedSuppression is a suppressed address with the list of SendGrid's that says the same.
type ExportedSuppression struct {
	List    string    `json:"list"` // "resting", which is none of SendGrid's, of an address that rests after many soft bounces
	Email   string    `json:"email"`
	Created time.Time `json:"created"`
	Reason  string    `json:"reason"` // a word, or "resting until" a time
	Until   time.Time `json:"until,omitzero"`
}

// SuppressionExport lists the suppressed addresses that learners have now.
type SuppressionExport struct {
	Suppressions []ExportedSuppression `json:"suppressions"` // never nil
	Unknown      int                   `json:"unknown"`      // suppressed addresses that no learner has: only their hashes are kept
}

// ExportSuppressions returns the suppressed addresses that learners have now, sorted; of the others only hashes are kept. It reads every profile. The
// installation must have been connected with its secret.
func (i *Installation) ExportSuppressions(ctx context.Context) (SuppressionExport, error) {
	export := SuppressionExport{Suppressions: []ExportedSuppression{}}
	if err := i.recordLook(ctx, AuditRecord{Action: store.ActionExportSuppressed}); err != nil {
		return export, err
	}
	records, err := i.store.People.ListSuppressions(ctx)
	if err != nil {
		return export, err
	}
	for _, r := range records {
		list := listOfReason(r.Reason)
		if len(r.Learners) == 0 || list == "" {
			export.Unknown++
			continue
		}
		person, err := i.store.Profiles.Get(ctx, r.Learners[0])
		if err != nil {
			return export, err
		}
		if person.Email == "" { // it was changed meanwhile
			export.Unknown++
			continue
		}
		export.Suppressions = append(export.Suppressions, ExportedSuppression{
			List:    string(list),
			Email:   person.Email,
			Created: r.At,
			Reason:  exportedReason(r.Suppression),
			Until:   r.Until,
		})
	}
	slices.SortFunc(export.Suppressions, func(a, b ExportedSuppression) int { return strings.Compare(a.Email, b.Email) })
	return export, nil
}

// exportedReason returns why an address is suppressed, for people: of one that rests, until when.
func exportedReason(s store.Suppression) string {
	if s.Reason == store.ReasonSoftBounced && !s.Until.IsZero() {
		return "resting until " + s.Until.UTC().Format(time.RFC3339)
	}
	return string(s.Reason)
}

// listOfReason returns the list that says the same as a reason: one of SendGrid's, or that an address rests; empty: there is none.
func listOfReason(reason store.Reason) sendgrid.List {
	switch reason {
	case store.ReasonBounced:
		return sendgrid.ListBounces
	case store.ReasonComplained:
		return sendgrid.ListSpamReports
	case store.ReasonUnsubscribed:
		return sendgrid.ListUnsubscribes
	case store.ReasonSoftBounced:
		return sendgrid.ListResting
	case store.ReasonErased, store.ReasonUnreadable:
	}
	return ""
}
