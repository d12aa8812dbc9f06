package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// accountOf simulates the part of a cloud that bootstrap speaks to: what was created is there at the next question. It
// notes what creates and changes.
const accountOf = `#!/bin/sh
echo "$*" >>"$STATE/asked"
case "$*" in
*get-caller-identity*) echo 123456789012; exit ;;
*"value(projectNumber)"*) echo 42; exit ;;
*create-key*) echo key-1; touch "$STATE/kms"; exit ;;
s3api\ head-bucket*|storage\ buckets\ describe*) [ -e "$STATE/bucket" ] ;;
s3api\ create-bucket*|storage\ buckets\ create*) touch "$STATE/bucket" ;;
kms\ describe-key*) [ -e "$STATE/kms" ] ;;
iam\ get-*|iam\ *\ describe*|kms\ *\ describe*) [ -e "$STATE/made" ] ;;
iam\ *|kms\ *) ;;
esac
`

func TestBootstrapMakesWhatIsMissingAndCanBeRunAgain(t *testing.T) {
	for cloud, c := range map[string]struct {
		program string
		more    []string
		// want is part of what is asked, said of what is printed in the end.
		want, said []string
	}{
		"aws": {"aws", nil, []string{
			"s3api create-bucket --bucket acme-state --region eu-central-1 --create-bucket-configuration LocationConstraint=eu-central-1",
			"BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
			"kms create-alias --region eu-central-1 --alias-name alias/plinth-state --target-key-id key-1",
			`"repo:acme/shop:environment:*"`, `"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"`,
		}, []string{"PULUMI_BACKEND_URL=s3://acme-state?region=eu-central-1", "AWS_ROLE=arn:aws:iam::123456789012:role/plinth-ci"}},
		"gcp": {"gcloud", []string{"--project", "acme-shop"}, []string{
			"storage buckets create gs://acme-state --project acme-shop --location eu-central-1 --uniform-bucket-level-access --public-access-prevention",
			"kms keys create secrets", "--attribute-condition assertion.repository == 'acme/shop'",
			"principalSet://iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/github/attribute.repository/acme/shop",
		}, []string{"GCP_PROVIDER=projects/42/locations/global/workloadIdentityPools/github/providers/github"}},
	} {
		t.Run(cloud, func(t *testing.T) {
			var out bytes.Buffer
			args := append([]string{"bootstrap", "--cloud", cloud, "--repository", "acme/shop", "--bucket", "acme-state", "--region", "eu-central-1"}, c.more...)
			if code := newCommand(&out, nil).run(t.Context(), args); code != exitDone {
				t.Fatalf("exit code %d: %s", code, &out)
			}
			state := t.TempDir()
			if err := os.WriteFile(filepath.Join(state, c.program), []byte(accountOf), 0o700); err != nil {
				t.Fatal(err)
			}
			run := func() (asked, said string) {
				t.Helper()
				cmd := exec.Command("sh", "-e", "-c", out.String())
				cmd.Env = append(os.Environ(), "STATE="+state, "PATH="+state+":"+os.Getenv("PATH"))
				printed, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, printed)
				}
				text, err := os.ReadFile(filepath.Join(state, "asked"))
				if err != nil {
					t.Fatal(err)
				}
				return string(text), string(printed)
			}
			asked, said := run()
			mustContain(t, asked, c.want...)
			mustContain(t, said, c.said...)
			for _, name := range []string{"asked"} {
				if err := os.Remove(filepath.Join(state, name)); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(state, "made"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			asked, _ = run()
			for _, line := range strings.Split(asked, "\n") {
				if strings.Contains(line, " create") {
					t.Errorf("run again it makes what is there: %s", line)
				}
			}
		})
	}
}

func TestBootstrapTakesNothingThatAShellWouldRead(t *testing.T) {
	for _, args := range [][]string{
		{"--cloud", "azure"},
		{"--cloud", "aws", "--repository", "a/b; rm"},
		{"--cloud", "aws", "--repository", "a/b", "--bucket", "$(x)"},
		{"--cloud", "gcp", "--repository", "a/b", "--bucket", "bbb", "--region", "rrr"},
	} {
		var out bytes.Buffer
		if code := newCommand(&out, nil).run(t.Context(), append([]string{"bootstrap"}, args...)); code != exitUsage {
			t.Errorf("%q: exit code %d, want %d: %s", args, code, exitUsage, &out)
		}
	}
}
