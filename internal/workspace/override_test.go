package workspace

import "testing"

func TestAnOverrideChangesOneValueAndNothingElse(t *testing.T) {
	values := map[string]string{"plinth:cloud": "gcp"}
	for before, want := range map[string]string{
		"": "config:\n    plinth:cloud: gcp\n",
		"# why\nconfig:\n    plinth:tier: dev # small\n    plinth:cloud: aws\n    plinth:cluster: {version: \"1.30\"}\n": "# why\n" +
			"config:\n    plinth:tier: dev # small\n    plinth:cloud: gcp\n    plinth:cluster: {version: \"1.30\"}\n",
		"config:\n    cloud: aws\n":                         "config:\n    cloud: gcp\n",
		"encryptionsalt: v1:abc\n":                          "encryptionsalt: v1:abc\nconfig:\n    plinth:cloud: gcp\n",
		"config:\nencryptionsalt: v1\n":                     "config:\n    plinth:cloud: gcp\nencryptionsalt: v1\n",
		"config:\n    plinth:secretValues: {secure: AAA}\n": "config:\n    plinth:secretValues: {secure: AAA}\n    plinth:cloud: gcp\n",
	} {
		got, err := override([]byte(before), values)
		if err != nil || string(got) != want {
			t.Errorf("of %q got %q and %v, want %q", before, got, err, want)
		}
	}
	if got, err := override([]byte("as: it is"), nil); err != nil || string(got) != "as: it is" {
		t.Errorf("without a value got %q and %v", got, err)
	}
	for _, broken := range []string{"[1]", "{"} {
		if _, err := override([]byte(broken), values); err == nil {
			t.Errorf("%q was accepted", broken)
		}
	}
}
