package admin

import (
	"context"

	"homeroom/privacy"
	"homeroom/store"
)

// What is held of a learner, as package privacy finds it.
type (
	LearnerDocument = privacy.Document
	LearnerCount    = privacy.Count
	ErasureReceipt  = privacy.ErasureReceipt
)

// ExportLearner collects everything that is held about a learner. The document has personal data. The installation must have
// been connected with its secret. OnStage hears what is being done, in words; it may be nil.
func (i *Installation) ExportLearner(ctx context.Context, learner string, onStage func(string)) (*LearnerDocument, error) {
	p, err := i.newPrivacy(ctx, onStage)
	if err != nil {
		return nil, err
	}
	var doc *LearnerDocument
	err = i.recordLearner(ctx, store.ActionExportLearner, learner, func() error {
		doc, err = p.Export(ctx, learner)
		return err
	})
	return doc, err
}

// CountLearnerData counts what is held of a learner and changes nothing. Places that hold nothing are among the counts.
func (i *Installation) CountLearnerData(ctx context.Context, learner string, onStage func(string)) ([]LearnerCount, error) {
	p, err := i.newPrivacy(ctx, onStage)
	if err != nil {
		return nil, err
	}
	return p.Find(ctx, learner)
}

// EraseLearner removes everything that is held about a learner, suppresses their addresses for good and looks again until
// nothing is found. The receipt names nobody; unless it is complete, something remains. It cannot be undone. The installation
// must have been connected with its secret. OnStage hears what is being done, in words; it may be nil.
func (i *Installation) EraseLearner(ctx context.Context, learner, author string, onStage func(string)) (ErasureReceipt, error) {
	p, err := i.newPrivacy(ctx, onStage)
	if err != nil {
		return ErasureReceipt{}, err
	}
	var receipt ErasureReceipt
	err = i.recordLearner(ctx, store.ActionEraseLearner, learner, func() error {
		receipt, err = p.Erase(ctx, learner, author, i.opts.Now().UTC())
		return err
	})
	return receipt, err
}

func (i *Installation) newPrivacy(ctx context.Context, onStage func(string)) (*privacy.Privacy, error) {
	temporal, namespace, err := i.dialTemporal(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := i.everySource(ctx)
	if err != nil {
		return nil, err
	}
	return privacy.New(privacy.Options{
		JS:        i.js,
		Store:     i.store,
		Temporal:  temporal,
		Namespace: namespace,
		Sources:   sources,
		Now:       i.opts.Now,
		Progress:  onStage,
	})
}
