// Calls a daemon through the generated client: the address and the prefix of the sessions' names are arguments, the
// token is in PARLEY_TOKEN.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	parley "example.com/parley/client"
)

func main() {
	if err := call(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		var answer *parley.GenericOpenAPIError
		if errors.As(err, &answer) {
			fmt.Fprintln(os.Stderr, string(answer.Body()))
		}
		os.Exit(1)
	}
}

func call(address, prefix string) error {
	config := parley.NewConfiguration()
	config.Servers = parley.ServerConfigurations{{URL: address}}
	client := parley.NewAPIClient(config)
	ctx := context.WithValue(context.Background(), parley.ContextAccessToken, os.Getenv("PARLEY_TOKEN"))

	for _, name := range []string{prefix + "-writer", prefix + "-reader"} {
		opened, _, err := client.SessionsAPI.SessionsOpen(ctx).
			SessionsOpenRequest(*parley.NewSessionsOpenRequest(name)).Execute()
		if err != nil {
			return fmt.Errorf("sessions.open: %w", err)
		}
		fmt.Println("session", opened.Session.Name, opened.Session.State, opened.Session.CreatedAt.UnixMilli())
	}

	command := parley.NewPeerMessageCommand("peer_message", prefix+"-reader", "hello from Go")
	receipt, _, err := client.CommsAPI.CommsSend(ctx).ParleySession(prefix + "-writer").
		CommsCommand(parley.PeerMessageCommandAsCommsCommand(command)).Execute()
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if receipt.PeerMessageSent == nil {
		return fmt.Errorf("send: the receipt is not of a message: %+v", receipt)
	}
	sent := receipt.PeerMessageSent
	fmt.Println("receipt", sent.Kind, sent.Delivery.State, sent.Delivery.At.UnixMilli())

	peers, _, err := client.CommsAPI.CommsPeers(ctx).ParleySession(prefix + "-writer").Execute()
	if err != nil {
		return fmt.Errorf("peers: %w", err)
	}
	for _, peer := range peers.Peers {
		fmt.Println("peer", peer.Name, peer.Presence.State, peer.Presence.ObservedAt.UnixMilli())
	}
	return nil
}
