package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"homeroom/admin"
	"homeroom/internal/narrate"
	"homeroom/internal/printing"
)

// LearnerRequestsCmd is `homeroom learner requests`.
type LearnerRequestsCmd struct {
	InstallationFlags
	CarryOut bool   `help:"Carry them out."`
	Exports  string `type:"existingdir" help:"With --carry-out: write exports into this folder, each readable by its owner only. Without it they go on waiting." placeholder:"DIR"`
	AtMost   int    `default:"10" help:"With --carry-out: if more wait, do nothing; 0: however many. Default: ${default}." placeholder:"N"`
	Format   string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom learner requests --help`.
func (*LearnerRequestsCmd) Help() string {
	return `Lists the learners whom somebody asked to export or to erase in the console, and with --carry-out does it. The console's NATS user may do
neither, so a person or a job with an operator's rights is to run this. --at-most keeps a console that was taken over from having everybody erased.

It exits with 1 if a request could not be carried out; it goes on waiting then, and says why.

Examples:
  homeroom learner requests
  homeroom learner requests --carry-out --exports /secure/exports`
}

// Run lists the requests, or carries them out.
func (c *LearnerRequestsCmd) Run(ctx context.Context, o IO) error {
	if c.AtMost < 0 {
		return usage(fmt.Errorf("--at-most %d: write how many, or 0", c.AtMost))
	}
	if c.Exports != "" && !c.CarryOut {
		return usage(errors.New("--exports goes with --carry-out"))
	}
	installation, err := c.connect(ctx, o, "homeroom learner")
	if err != nil {
		return err
	}
	defer installation.Close()
	if !c.CarryOut {
		requests, err := installation.LearnerRequests(ctx)
		if err != nil {
			return err
		}
		return o.PrintResult(c.Format, requests, printing.LearnerRequestsText(requests))
	}
	options := admin.CarryOutOptions{AtMost: c.AtMost, OnStage: o.PrintStage}
	if c.Exports != "" {
		options.WriteExport = c.writeExport
	}
	done, err := installation.CarryOutRequests(ctx, options)
	if c.Format == "json" && len(done) > 0 {
		err = errors.Join(err, o.PrintJSON(done))
	}
	failed := 0
	for n := range done {
		r := &done[n]
		if r.Waits && r.Problem != "" {
			failed++
		}
		if c.Format == "text" {
			fmt.Fprintln(o.Out, printing.CarriedOutText(r))
		}
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%s could not be carried out: run this again", narrate.Count(failed, "request"))
	}
	return err
}

// writeExport writes an export into the folder. The name of the file tells when it was asked for, and not whom it is about.
func (c *LearnerRequestsCmd) writeExport(r admin.LearnerRequest, doc *admin.LearnerDocument) error {
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	return writePrivate(filepath.Join(c.Exports, "export-"+r.At.Format("20060102T150405.000000000Z")+".json"), append(data, '\n'))
}
