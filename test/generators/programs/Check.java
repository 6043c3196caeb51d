package parley.check;

import java.util.List;
import parley.ApiClient;
import parley.api.CommsApi;
import parley.api.SessionsApi;
import parley.model.CommsCommand;
import parley.model.PeerDirectoryEntry;
import parley.model.PeerMessageCommand;
import parley.model.PeerMessageSent;
import parley.model.Session;
import parley.model.SessionsOpenRequest;

/** Calls a daemon through the generated client: address and prefix of names are arguments, the token is in PARLEY_TOKEN. */
public final class Check {
  public static void main(String[] arguments) throws Exception {
    String address = arguments[0];
    String prefix = arguments[1];
    ApiClient client = new ApiClient();
    client.updateBaseUri(address);
    String credentials = "Bearer " + System.getenv("PARLEY_TOKEN");
    client.setRequestInterceptor(request -> request.header("Authorization", credentials));
    SessionsApi sessions = new SessionsApi(client);
    CommsApi comms = new CommsApi(client);

    for (String name : List.of(prefix + "-writer", prefix + "-reader")) {
      Session session = sessions.sessionsOpen(new SessionsOpenRequest().name(name), null, null, null).getSession();
      long created = session.getCreatedAt().toInstant().toEpochMilli();
      System.out.println("session " + session.getName() + " " + session.getState() + " " + created);
    }

    PeerMessageCommand command =
        new PeerMessageCommand()
            .kind(PeerMessageCommand.KindEnum.PEER_MESSAGE)
            .to(prefix + "-reader")
            .body("hello from Java");
    PeerMessageSent sent =
        comms.commsSend(new CommsCommand(command), null, prefix + "-writer", null, null).getPeerMessageSent();
    long at = sent.getDelivery().getAt().toInstant().toEpochMilli();
    System.out.println("receipt " + sent.getKind() + " " + sent.getDelivery().getState() + " " + at);

    for (PeerDirectoryEntry peer : comms.commsPeers(prefix + "-writer", null, null).getPeers()) {
      long seen = peer.getPresence().getObservedAt().toInstant().toEpochMilli();
      System.out.println("peer " + peer.getName() + " " + peer.getPresence().getState() + " " + seen);
    }
  }
}
