package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// client is a visitor of the site, with cookies.
type client struct {
	t    *testing.T
	url  string
	http *http.Client
	htmx bool // answers are fragments
}

func newClient(t *testing.T, url string) *client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 1}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{t: t, url: url, http: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// form gives a form of names and values in turn.
func form(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

// post sends a form. The status is 0 if no answer came, or not all of it.
func (c *client) post(ctx context.Context, path string, form url.Values) (status int, body string) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Error(err)
		return 0, ""
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.htmx {
		request.Header.Set("HX-Request", "true")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, ""
	}
	return response.StatusCode, string(text)
}

// open asks for what goes on and on, with headers given as names and values in turn.
func (c *client) open(ctx context.Context, path string, headers ...string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path, nil)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.Join(errors.New(response.Status), response.Body.Close())
	}
	return response.Body, nil
}

func (c *client) register(name string) {
	c.t.Helper()
	const secret = "wet nose, warm ear"
	status, body := c.post(c.t.Context(), "/register", form(
		"email", name+"@example.com", "username", name, "password", secret, "password_confirm", secret))
	if status != http.StatusSeeOther {
		c.t.Fatalf("register %s: status %d: %.500s", name, status, body)
	}
}
