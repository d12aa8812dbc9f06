package orphans_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plinth/internal/orphans"
)

// program puts a program in front of PATH that prints an answer, and notes what it was asked in a file.
func program(t *testing.T, name, answer string) (asked func() string) {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\necho \"$@\" >>" + filepath.Join(dir, "asked") + "\ncat <<'E'\n" + answer + "\nE\n"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return func() string {
		text, err := os.ReadFile(filepath.Join(dir, "asked"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

// lines are the findings as WHERE KIND NAME, with "costs" before those that cost money.
func lines(found []orphans.Orphan) []string {
	var all []string
	for _, o := range found {
		line := o.Where + " " + o.String()
		if o.Bills {
			line = "costs " + line
		}
		all = append(all, line)
	}
	return all
}

var query = orphans.Query{
	Environment: "plinth-dev", Stack: "dev", Clusters: []string{"plinth-dev"}, Namespaces: []string{"plinth-dev"},
}

func TestAWSIsAskedByTagAndItsAnswerRead(t *testing.T) {
	// The form of the answer: https://docs.aws.amazon.com/cli/latest/reference/resourcegroupstaggingapi/get-resources.html.
	asked := program(t, "aws", `{"ResourceTagMappingList": [
 {"ResourceARN": "arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-0a1", "Tags": [{"Key": "plinth-stack", "Value": "dev"}]},
 {"ResourceARN": "arn:aws:rds:eu-central-1:123456789012:db:by-hand", "Tags": [{"Key": "plinth-stack", "Value": "dev"}]},
 {"ResourceARN": "arn:aws:rds:eu-central-1:123456789012:db:ours", "Tags": [{"Key": "plinth-stack", "Value": "dev"}]},
 {"ResourceARN": "arn:aws:s3:::foreign", "Tags": [{"Key": "plinth-stack", "Value": "staging"}]},
 {"ResourceARN": "arn:aws:s3:::forgotten", "Tags": [{"Key": "plinth-stack", "Value": "dev"}]},
 {"ResourceARN": "arn:aws:ec2:eu-central-1:123456789012:instance/i-1",
  "Tags": [{"Key": "plinth-stack", "Value": "dev"}, {"Key": "aws:autoscaling:groupName", "Value": "g"}]},
 {"ResourceARN": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/k8s-shop-web/1f",
  "Tags": [{"Key": "elbv2.k8s.aws/cluster", "Value": "plinth-dev"}, {"Key": "service.k8s.aws/stack", "Value": "shop/web"}]},
 {"ResourceARN": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/k8s-shop-api/2f",
  "Tags": [{"Key": "elbv2.k8s.aws/cluster", "Value": "plinth-dev"}, {"Key": "service.k8s.aws/stack", "Value": "shop/api"}]},
 {"ResourceARN": "arn:aws:ec2:eu-central-1:123456789012:volume/vol-1",
  "Tags": [{"Key": "kubernetes.io/cluster/plinth-dev", "Value": "owned"}, {"Key": "kubernetes.io/created-for/pv/name", "Value": "pvc-1"}]},
 {"ResourceARN": "arn:aws:ec2:eu-central-1:123456789012:volume/vol-2",
  "Tags": [{"Key": "kubernetes.io/cluster/plinth-dev", "Value": "owned"}, {"Key": "kubernetes.io/created-for/pv/name", "Value": "pvc-2"}]}
]}`)
	found, err := orphans.InCloud(t.Context(), orphans.AWS{Region: "eu-central-1"}, query, orphans.Known{
		IDs: map[string]bool{"arn:aws:rds:eu-central-1:123456789012:db:ours": true}, Nodes: true,
		Alive: map[string]bool{"shop/api": true, "pvc-2": true},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"costs aws ec2:volume arn:aws:ec2:eu-central-1:123456789012:volume/vol-1",
		"costs aws elasticloadbalancing:loadbalancer arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/k8s-shop-web/1f",
		"costs aws rds:db arn:aws:rds:eu-central-1:123456789012:db:by-hand",
		"costs aws s3 arn:aws:s3:::forgotten",
		"aws ec2:vpc arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-0a1",
	}
	if got := lines(found); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, filter := range []string{
		"Key=plinth-stack,Values=dev --region eu-central-1\n", "Key=kubernetes.io/cluster/plinth-dev,Values=owned ",
		"Key=elbv2.k8s.aws/cluster,Values=plinth-dev ", "Key=kubernetes.io/created-for/pvc/namespace,Values=plinth-dev ",
	} {
		if !strings.Contains(asked(), filter) {
			t.Errorf("aws was not asked for %s, but:\n%s", filter, asked())
		}
	}
}

func TestGoogleCloudIsAskedByLabelAndNameAndItsAnswerRead(t *testing.T) {
	// The form of the answer: https://cloud.google.com/asset-inventory/docs/reference/rest/v1/TopLevel/searchAllResources.
	asked := program(t, "gcloud", `[
 {"name": "//compute.googleapis.com/projects/shop/global/networks/plinth-dev", "assetType": "compute.googleapis.com/Network"},
 {"name": "//compute.googleapis.com/projects/shop/zones/z/disks/pvc-1", "assetType": "compute.googleapis.com/Disk", "labels": {"goog-k8s-cluster-name": "plinth-dev"}},
 {"name": "//compute.googleapis.com/projects/shop/zones/z/disks/pvc-2", "assetType": "compute.googleapis.com/Disk", "labels": {"goog-k8s-cluster-name": "plinth-dev"}},
 {"name": "//compute.googleapis.com/projects/shop/zones/z/instances/gke-1", "assetType": "compute.googleapis.com/Instance", "labels": {"goog-gke-node": "", "plinth-stack": "dev"}},
 {"name": "//compute.googleapis.com/projects/shop/regions/r/routers/plinth-dev-router", "assetType": "compute.googleapis.com/Router"},
 {"name": "//storage.googleapis.com/by-hand", "assetType": "storage.googleapis.com/Bucket", "labels": {"plinth-stack": "dev"}},
 {"name": "//storage.googleapis.com/plinth-dev-2", "assetType": "storage.googleapis.com/Bucket", "labels": {"plinth-stack": "dev-2"}},
 {"name": "//container.googleapis.com/projects/shop/locations/r/clusters/plinth-dev", "assetType": "container.googleapis.com/Cluster", "labels": {"plinth-stack": "dev"}}
]`)
	found, err := orphans.InCloud(t.Context(), orphans.GCP{Project: "shop"}, query, orphans.Known{
		IDs:   map[string]bool{"projects/shop/locations/r/clusters/plinth-dev": true, "projects/shop/global/networks/plinth-dev": true},
		Nodes: true, Alive: map[string]bool{"pvc-2": true},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"costs gcp compute.googleapis.com/Disk //compute.googleapis.com/projects/shop/zones/z/disks/pvc-1",
		"costs gcp compute.googleapis.com/Router //compute.googleapis.com/projects/shop/regions/r/routers/plinth-dev-router",
		"costs gcp storage.googleapis.com/Bucket //storage.googleapis.com/by-hand",
	}
	if got := lines(found); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if want := "asset search-all-resources --scope=projects/shop --query=labels.plinth-stack=dev OR " +
		"labels.goog-k8s-cluster-name=plinth-dev OR displayName:plinth-dev* OR name:plinth-dev* --format=json\n"; asked() != want {
		t.Errorf("gcloud was asked %q, want %q", asked(), want)
	}
}

func TestACloudThatCannotBeAskedIsNoEmptyOne(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, cloud := range []orphans.Cloud{orphans.AWS{}, orphans.GCP{Project: "shop"}} {
		_, err := orphans.InCloud(context.Background(), cloud, query, orphans.Known{})
		if err == nil || !strings.Contains(err.Error(), " is not installed: install it, and log in") {
			t.Errorf("%s: got %v, want an error that names the program", cloud.Name(), err)
		}
	}
}
