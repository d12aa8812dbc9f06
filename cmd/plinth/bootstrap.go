package main

import (
	"bytes"
	_ "embed" // The scripts are files of their own.
	"fmt"
	"regexp"
	"text/template"

	"github.com/spf13/cobra"

	"plinth/config"
	"plinth/internal/workspace"
)

// The commands that make what has to be there before the first stack.
var (
	//go:embed bootstrap_aws.sh.tmpl
	bootstrapAWS string
	//go:embed bootstrap_gcp.sh.tmpl
	bootstrapGCP string
)

// foundation is what is made before the first stack.
type foundation struct {
	// Repository is OWNER/NAME on GitHub, whose workflows act as the role.
	Repository string
	// Bucket holds the state; its name is taken from all of the cloud's customers.
	Bucket string
	// Region is where it is, Project the one of Google Cloud.
	Region, Project string
}

// What goes into the scripts: nothing that a shell would read as anything but text.
var (
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)
	plainName      = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
)

// bootstrap prints how to make what has to be there before the first stack.
func (c *command) bootstrap() *cobra.Command {
	var (
		cloud string
		f     foundation
	)
	cmd := &cobra.Command{
		Use:   "bootstrap --cloud CLOUD --repository OWNER/NAME --bucket NAME --region REGION",
		Short: "Print the commands that make what has to be there before the first stack",
		Long: "Print the commands that make what has to be there before the first stack: the bucket of the state, the key\n" +
			"that encrypts its secrets, and the role that GitHub's workflows assume by OIDC, without a password anywhere.\n" +
			"Nothing is done: read them, then run them in a shell (| sh -e). What exists already is left alone, so they can\n" +
			"be run again. The last lines say what to set.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			script, err := f.script(config.Cloud(cloud))
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(c.out, script)
			return err
		},
	}
	cmd.Flags().StringVar(&cloud, "cloud", "", "aws or gcp (required)")
	cmd.Flags().StringVar(&f.Repository, "repository", "", "repository on GitHub, OWNER/NAME (required)")
	cmd.Flags().StringVar(&f.Bucket, "bucket", "", "name of the bucket of the state (required)")
	cmd.Flags().StringVar(&f.Region, "region", "", "region of bucket and key (required)")
	cmd.Flags().StringVar(&f.Project, "project", "", "project of Google Cloud (required there)")
	return cmd
}

// script is a shell's program.
func (f foundation) script(cloud config.Cloud) (string, error) {
	text := bootstrapAWS
	names := map[string]string{"--bucket": f.Bucket, "--region": f.Region}
	switch cloud {
	case config.OnAWS:
	case config.OnGCP:
		text, names["--project"] = bootstrapGCP, f.Project
	case config.Existing:
		fallthrough
	default:
		return "", &workspace.UsageError{Reason: fmt.Sprintf("--cloud %q: want aws or gcp", cloud)}
	}
	if !repositoryName.MatchString(f.Repository) {
		return "", &workspace.UsageError{Reason: fmt.Sprintf("--repository %q: want OWNER/NAME", f.Repository)}
	}
	for flag, name := range names {
		if !plainName.MatchString(name) {
			return "", &workspace.UsageError{Reason: fmt.Sprintf(
				"%s %q: want 3 to 63 lower-case letters, digits, dots and hyphens", flag, name)}
		}
	}
	script, err := template.New("bootstrap").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", fmt.Errorf("reading the commands for %s: %w", cloud, err)
	}
	var out bytes.Buffer
	if err := script.Execute(&out, f); err != nil {
		return "", fmt.Errorf("writing the commands for %s: %w", cloud, err)
	}
	return out.String(), nil
}
