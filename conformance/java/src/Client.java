// A client by openapi-generator, library native.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import webex.ApiClient;
import webex.ApiException;
import webex.api.BulkApi;
import webex.api.SearchApi;
import webex.model.BulkRequest;
import webex.model.BulkResult;
import webex.model.ScimError;
import webex.model.WebexError;

public class Client {
  static final ObjectMapper plain = new ObjectMapper();
  static final String extension = "urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error";
  static final String org = env("WEBEX_ORG_ID");
  static final Path vectors = Path.of(env("KIT_VECTORS"));
  static final ApiClient client = new ApiClient();
  static final BulkApi bulk;
  static final SearchApi search;
  /** The answer that came last, whether or not it could be read. */
  static HttpResponse<?> last;

  static {
    client.updateBaseUri(env("WEBEX_BASE_URL"));
    client.setRequestInterceptor(r -> r.header("Authorization", "Bearer " + env("WEBEX_ACCESS_TOKEN")));
    client.setResponseInterceptor(r -> last = r);
    bulk = new BulkApi(client);
    search = new SearchApi(client);
  }

  static String env(String name) {
    return java.util.Objects.requireNonNull(System.getenv(name), name);
  }

  static void admin(String path, String body) throws Exception {
    HttpRequest r = HttpRequest.newBuilder(URI.create(env("WEBEX_ADMIN_URL") + path))
        .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build();
    if (HttpClient.newHttpClient().send(r, HttpResponse.BodyHandlers.discarding()).statusCode() != 201) throw new Exception(path);
  }

  /** What the generated client has read of an answer: results, or an error as JSON. */
  record Answer(List<BulkResult> results, JsonNode error, String trouble) {}

  static Answer send(BulkRequest request) {
    last = null;
    try {
      return new Answer(bulk.executeBulk(org, request).getOperations(), NullNode.instance, "");
    } catch (ApiException e) {
      JsonNode error = NullNode.instance;
      if (last != null && e.getResponseBody() != null) {
        try {
          error = client.getObjectMapper().valueToTree(client.getObjectMapper().readValue(e.getResponseBody(), ScimError.class));
        } catch (Exception unreadable) { /* a page, or nothing */ }
      }
      return new Answer(List.of(), error, e.toString());
    } catch (RuntimeException e) {
      return new Answer(List.of(), NullNode.instance, e.toString());
    }
  }

  static String header(String name) {
    return last == null ? "" : last.headers().firstValue(name).orElse("");
  }

  static int status(Object value) {
    JsonNode node = plain.valueToTree(value);
    int n = (node.isObject() ? node.path("code") : node).asInt();
    return n >= 100 && n <= 599 ? n : 0;
  }

  /** Reads an error in any form that services use: the Webex extension, RFC 7644, general Webex errors, JSON in a text. */
  static class Reason {
    String trackingId = "", errorCode = "";
    final Set<String> details = new LinkedHashSet<>();

    static Reason of(JsonNode body) {
      Reason r = new Reason();
      r.read(body);
      return r;
    }

    void read(JsonNode body) {
      if (body.isTextual()) {
        try {
          JsonNode inner = plain.readTree(body.asText());
          if (inner.isContainerNode()) { read(inner); return; }
        } catch (Exception sentence) { /* it is none of JSON */ }
        say(body);
      } else if (body.isArray()) {
        body.forEach(this::read);
      } else {
        JsonNode ext = body.path(extension);
        take(ext);
        take(body);
        say(ext.path("details"));
        say(body.path("detail"));
        say(body.path("message"));
        for (JsonNode e : body.path("errors")) { take(e); say(e.path("description")); }
        say(body.path("error_description"));
      }
    }

    void take(JsonNode from) {
      if (trackingId.isEmpty()) trackingId = from.path("trackingId").asText("");
      if (errorCode.isEmpty()) errorCode = from.hasNonNull("errorCode") ? from.get("errorCode").asText() : from.path("error").asText("");
    }

    void say(JsonNode texts) {
      if (texts.isArray()) texts.forEach(this::say);
      else if (texts.isTextual() && !texts.asText().isEmpty()) details.add(texts.asText());
    }

    ObjectNode into(ObjectNode line) {
      ArrayNode list = line.put("trackingId", trackingId).put("errorCode", errorCode).putArray("details");
      details.forEach(list::add);
      return line;
    }
  }

  static JsonNode body(BulkResult r) {
    return r.getResponse() == null ? NullNode.instance : plain.valueToTree(r.getResponse());
  }

  static void vector(JsonNode entry) throws Exception {
    JsonNode v = plain.readTree(vectors.resolve(entry.get("file").asText()).toFile());
    admin("/faults", "{\"faults\":[{\"vector\":" + entry.get("number") + "}]}");
    Answer answer = send(client.getObjectMapper().readValue(v.get("request").get("body").toString(), BulkRequest.class));
    ObjectNode line = plain.createObjectNode().put("vector", entry.get("number").asInt()).put("error", answer.trouble)
        .put("status", last == null ? 0 : last.statusCode()).put("retryAfter", header("Retry-After"));
    Reason.of(answer.error).into(line);
    if (!header("TrackingID").isEmpty()) line.put("trackingId", header("TrackingID"));
    ArrayNode list = line.putArray("operations");
    for (BulkResult r : answer.results == null ? List.<BulkResult>of() : answer.results) {
      ObjectNode op = list.addObject();
      if (r == null) continue;
      int status = status(r.getStatus()) != 0 ? status(r.getStatus()) : status(body(r).path("status"));
      op.put("bulkId", r.getBulkId()).put("location", r.getLocation()).put("status", status);
      if (status >= 300) Reason.of(body(r)).into(op);
    }
    System.out.println(line);
  }

  static String user(String bulkId, String name) {
    return "{\"method\":\"POST\",\"path\":\"/Users\",\"bulkId\":\"" + bulkId + "\",\"data\":{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],"
        + "\"userName\":\"" + name + "@example.com\",\"userType\":\"user\"}}";
  }

  static String group(String bulkId, String one, String other) {
    return "{\"method\":\"POST\",\"path\":\"/Groups\",\"bulkId\":\"" + bulkId + "\",\"data\":{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:Group\"],"
        + "\"displayName\":\"" + bulkId + "\",\"members\":[{\"value\":\"" + one + "\",\"type\":\"user\"},{\"value\":\"" + other + "\",\"type\":\"user\"}]}}";
  }

  static BulkRequest request(String... operations) throws Exception {
    return client.getObjectMapper().readValue("{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:BulkRequest\"],\"operations\":["
        + String.join(",", operations) + "]}", BulkRequest.class);
  }

  static String userId(String name) throws ApiException {
    return search.searchUsers(org, "userName eq \"" + name + "@example.com\"", null, null, null, null, null, null, null, null, null).getResources().get(0).getId();
  }

  /** Creates users and a group over a refusal and a cut, then reads a failed operation. */
  static void scenario() throws Exception {
    admin("/faults", "{\"faults\":[{\"status\":429,\"retryAfter\":\"1\"},{\"cut\":\"after\"}]}");
    BulkRequest first = request(user("ada", "ada"), user("bob", "bob"), group("team", "bulkId:ada", "bulkId:bob"));
    boolean waited = false;
    for (send(first); last != null && last.statusCode() == 429; send(first)) {
      Thread.sleep(1000 * Integer.parseInt(header("Retry-After")));
      waited = true;
    }
    // The connection was cut: look up what was created instead of sending it again.
    boolean lookedUp = last == null;
    List<String> created = new ArrayList<>(List.of(userId("ada"), userId("bob"),
        search.searchGroups(org, "displayName eq \"team\"", null, null, null, null, null, null, null, null).getResources().get(0).getId()));
    ObjectNode told = plain.createObjectNode();
    ObjectNode taken = told.putObject("taken");
    for (BulkResult r : send(request(user("again", "ada"), user("cyd", "cyd"), group("crew", "bulkId:cyd", created.get(0)))).results) {
      if (status(r.getStatus()) == 201) created.add(r.getLocation().substring(r.getLocation().lastIndexOf('/') + 1));
      if ("again".equals(r.getBulkId())) {
        WebexError error = client.getObjectMapper().convertValue(r.getResponse(), ScimError.class).getWebex();
        taken.put("status", status(r.getStatus())).put("trackingId", error.getTrackingId()).put("errorCode", String.valueOf(error.getErrorCode()))
            .putArray("details").add(String.valueOf(error.getDetails()));
      }
    }
    created.forEach(told.putArray("created")::add);
    told.put("waited", waited).put("lookedUp", lookedUp);
    System.out.println(plain.createObjectNode().set("scenario", told));
  }

  public static void main(String[] args) throws Exception {
    scenario();
    for (JsonNode entry : plain.readTree(Files.readString(vectors.resolve("manifest.json")))) vector(entry);
  }
}
