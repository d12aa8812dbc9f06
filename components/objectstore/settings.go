package objectstore

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
)

// Use is how one application uses a bucket.
type Use struct {
	// Prefix is what the names of all its objects start with.
	Prefix string
	// SignedURLs hands out URLs that work without keys, for SignedURLExpiry seconds.
	SignedURLs      bool
	SignedURLExpiry int
	// FallbackToStatic serves the application's own files where the bucket does not.
	FallbackToStatic bool
}

// Settings are what an application is told of its bucket that is not secret. The names in JSON are those of the columns
// of its table s3_settings, too.
type Settings struct {
	Enabled          bool   `json:"enabled"`
	StorageProvider  string `json:"storage_provider"`
	Endpoint         string `json:"endpoint"`
	Region           string `json:"region"`
	BucketName       string `json:"bucket_name"`
	BucketPrefix     string `json:"bucket_prefix"`
	UseSignedURLs    bool   `json:"use_signed_urls"`
	SignedURLExpiry  int    `json:"signed_url_expiry"`
	FallbackToStatic bool   `json:"fallback_to_static"`
	UseSSL           bool   `json:"use_ssl"`

	addressing Addressing
}

// Settings of an application that uses the bucket.
func (b Bucket) Settings(use Use) Settings {
	return Settings{
		Enabled: true, StorageProvider: b.Provider, Endpoint: b.Endpoint, Region: b.Region,
		BucketName: b.Name, BucketPrefix: use.Prefix,
		UseSignedURLs: use.SignedURLs, SignedURLExpiry: use.SignedURLExpiry,
		FallbackToStatic: use.FallbackToStatic, UseSSL: b.UseSSL(), addressing: b.Addressing,
	}
}

// File is the text of a settings file.
func (s Settings) File() (string, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing the settings file: %w", err)
	}
	return string(text) + "\n", nil
}

//go:embed s3_settings.sql
var statement string

// Statement writes the settings into the application's table s3_settings, where nobody else has changed them. It
// expects [Settings.Values] as variables of psql.
func Statement() string { return statement }

// Values are the settings for [Statement], each under its column's name.
func (s Settings) Values() []binding.Variable {
	var out []binding.Variable
	for _, setting := range s.list(Variables{}) {
		if setting.column != "" {
			out = append(out, binding.Variable{Name: setting.column, Value: pulumi.String(setting.value)})
		}
	}
	return out
}

// setting is one of Settings as text: for a column of the table and for a variable.
type setting struct{ column, variable, value string }

func (s Settings) list(names Variables) []setting {
	return []setting{
		{"enabled", names.Enabled, fmt.Sprint(s.Enabled)},
		{"storage_provider", names.Provider, s.StorageProvider},
		{"endpoint", names.Endpoint, s.Endpoint},
		{"region", names.Region, s.Region},
		{"bucket_name", names.Bucket, s.BucketName},
		{"bucket_prefix", names.Prefix, s.BucketPrefix},
		{"use_signed_urls", names.UseSignedURLs, fmt.Sprint(s.UseSignedURLs)},
		{"signed_url_expiry", names.SignedURLExpiry, fmt.Sprint(s.SignedURLExpiry)},
		{"fallback_to_static", names.FallbackToStatic, fmt.Sprint(s.FallbackToStatic)},
		{"use_ssl", names.UseSSL, fmt.Sprint(s.UseSSL)},
		{"", names.Addressing, string(s.addressing)},
	}
}
