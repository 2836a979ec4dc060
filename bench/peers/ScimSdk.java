import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import de.captaingoldfish.scim.sdk.client.ScimClientConfig;
import de.captaingoldfish.scim.sdk.client.ScimRequestBuilder;
import de.captaingoldfish.scim.sdk.client.builder.BulkBuilder;
import de.captaingoldfish.scim.sdk.client.response.ServerResponse;
import de.captaingoldfish.scim.sdk.common.constants.enums.HttpMethod;
import de.captaingoldfish.scim.sdk.common.resources.User;
import de.captaingoldfish.scim.sdk.common.resources.complex.Name;
import de.captaingoldfish.scim.sdk.common.resources.multicomplex.Email;
import de.captaingoldfish.scim.sdk.common.response.BulkResponse;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The SCIM-SDK's client with automatic splitting: all operations in one builder. */
public class ScimSdk {
  static final String ORG = "0e6f1c53-8a37-4a0f-9d5e-1b7c2a9d4f10";

  public static void main(String[] args) throws Exception {
    JsonNode work = new ObjectMapper().readTree(System.in);
    int operations = work.get("operations").asInt();
    ScimClientConfig config = ScimClientConfig.builder()
        .enableAutomaticBulkRequestSplitting(true)
        .httpHeaders(Map.of("Authorization", "Bearer bench"))
        .build();
    OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    try (ScimRequestBuilder scim =
        new ScimRequestBuilder(work.get("url").asText() + "/identity/scim/" + ORG + "/v2", config)) {
      if (!work.path("organization").asText().isEmpty()) {
        createOrganization(scim, Path.of(work.get("organization").asText()));
        return;
      }
      long processor = system.getProcessCpuTime(), began = System.nanoTime();
      BulkBuilder bulk = scim.bulk();
      for (int i = 0; i < operations; i++) {
        String mail = "user" + i + "@example.com";
        User user = User.builder().userName(mail).displayName("User Number " + i).active(true)
            .name(Name.builder().givenName("User").familyName("Number " + i).build())
            .emails(List.of(Email.builder().value(mail).type("work").primary(true).build()))
            .build();
        bulk = bulk.bulkRequestOperation("/Users").method(HttpMethod.POST).bulkId("u" + i).data(user).next();
      }
      int[] done = {0};
      ServerResponse<BulkResponse> last = bulk.sendRequest(response -> {
        done[0] += (int) response.getResource().getSuccessfulOperations().count();
      }, false);
      if (done[0] != operations) {
        throw new IllegalStateException(done[0] + " of " + operations + ": " + last.getResponseBody());
      }
      System.out.println("{\"processor\":" + (system.getProcessCpuTime() - processor)
          + ",\"elapsed\":" + (System.nanoTime() - began) + "}");
    }
  }

  /** Creates the organization of a file and prints the bulkIds that were created. */
  static void createOrganization(ScimRequestBuilder scim, Path file) throws Exception {
    ObjectMapper json = new ObjectMapper();
    BulkBuilder bulk = scim.bulk();
    for (String line : Files.readAllLines(file)) {
      JsonNode operation = json.readTree(line);
      bulk = bulk.bulkRequestOperation(operation.get("path").asText()).method(HttpMethod.POST)
          .bulkId(operation.get("bulkId").asText()).data(operation.get("data").toString()).next();
    }
    List<String> created = new ArrayList<>();
    ServerResponse<BulkResponse> last = bulk.sendRequest(response -> {
      if (response.getResource() != null) {
        response.getResource().getSuccessfulOperations().forEach(o -> o.getBulkId().ifPresent(created::add));
      }
    }, false);
    if (last.getResource() == null) {
      throw new IllegalStateException(last.getResponseBody());
    }
    System.out.println(json.writeValueAsString(created));
  }
}
