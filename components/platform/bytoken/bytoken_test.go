package bytoken_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
	"plinth/components/platform/gke/slim"
)

func TestOnlyWhatIsSetIsSent(t *testing.T) {
	got, err := bytoken.Properties(&slim.SubnetworkArgs{
		Name: pulumi.String("a"), PrivateIPGoogleAccess: pulumi.Bool(false),
		SecondaryIPRanges: []slim.SecondaryIPRange{{RangeName: pulumi.String("pods")}},
		LogConfig:         &slim.SubnetworkLogConfig{FlowSampling: pulumi.Float64(0)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 4 || got["name"] != pulumi.String("a") {
		t.Errorf("got %v", got)
	}
	// False and zero are set, which nil is not.
	if got["privateIpGoogleAccess"] != pulumi.Bool(false) {
		t.Errorf("false: got %v", got["privateIpGoogleAccess"])
	}
	logs, _ := got["logConfig"].(pulumi.Map)
	if len(logs) != 1 || logs["flowSampling"] != pulumi.Float64(0) {
		t.Errorf("nested: got %v", logs)
	}
	list, _ := got["secondaryIpRanges"].(pulumi.Array)
	if len(list) != 1 {
		t.Fatalf("list: got %v", got["secondaryIpRanges"])
	}
	if first, _ := list[0].(pulumi.Map); len(first) != 1 || first["rangeName"] != pulumi.String("pods") {
		t.Errorf("element: got %v", list[0])
	}
}

func TestArgumentsThatAreNoStructAreRefused(t *testing.T) {
	if _, err := bytoken.Properties("text"); err == nil || !strings.Contains(err.Error(), "want a struct") {
		t.Errorf("error: got %v", err)
	}
}
