import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import de.captaingoldfish.scim.sdk.common.constants.enums.HttpMethod;
import de.captaingoldfish.scim.sdk.common.constants.enums.SortOrder;
import de.captaingoldfish.scim.sdk.common.exceptions.ConflictException;
import de.captaingoldfish.scim.sdk.common.exceptions.ResourceNotFoundException;
import de.captaingoldfish.scim.sdk.common.resources.Group;
import de.captaingoldfish.scim.sdk.common.resources.ResourceNode;
import de.captaingoldfish.scim.sdk.common.resources.ServiceProvider;
import de.captaingoldfish.scim.sdk.common.resources.User;
import de.captaingoldfish.scim.sdk.common.resources.complex.BulkConfig;
import de.captaingoldfish.scim.sdk.common.resources.complex.FilterConfig;
import de.captaingoldfish.scim.sdk.common.resources.complex.Meta;
import de.captaingoldfish.scim.sdk.common.response.ScimResponse;
import de.captaingoldfish.scim.sdk.common.schemas.SchemaAttribute;
import de.captaingoldfish.scim.sdk.server.endpoints.Context;
import de.captaingoldfish.scim.sdk.server.endpoints.ResourceEndpoint;
import de.captaingoldfish.scim.sdk.server.endpoints.ResourceHandler;
import de.captaingoldfish.scim.sdk.server.endpoints.base.GroupEndpointDefinition;
import de.captaingoldfish.scim.sdk.server.endpoints.base.UserEndpointDefinition;
import de.captaingoldfish.scim.sdk.server.filter.FilterNode;
import de.captaingoldfish.scim.sdk.server.response.PartialListResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;

/** SCIM-SDK behind the path of Webex. A shim maps the one name that differs, operations. */
public class Server {
  static final ObjectMapper JSON = new ObjectMapper();

  /** Keeps resources of one type in memory. */
  abstract static class Memory<T extends ResourceNode> extends ResourceHandler<T> {
    final Map<String, T> kept = new LinkedHashMap<>();
    final Function<T, Object> uniqueName;

    Memory(Function<T, Object> uniqueName) {
      this.uniqueName = uniqueName;
    }

    @Override
    public T createResource(T resource, Context context) {
      if (kept.values().stream().anyMatch(other -> uniqueName.apply(other).equals(uniqueName.apply(resource)))) {
        throw new ConflictException("the name is taken");
      }
      String id = UUID.randomUUID().toString();
      Instant now = Instant.now();
      resource.setId(id);
      Meta meta = resource.getMeta().orElseThrow();
      meta.setCreated(now);
      meta.setLastModified(now);
      kept.put(id, resource);
      return resource;
    }

    @Override
    public T getResource(String id, List<SchemaAttribute> attributes, List<SchemaAttribute> excluded, Context context) {
      return kept.get(id);
    }

    @Override
    public PartialListResponse<T> listResources(long startIndex, int count, FilterNode filter, SchemaAttribute sortBy,
        SortOrder sortOrder, List<SchemaAttribute> attributes, List<SchemaAttribute> excluded, Context context) {
      List<T> page = kept.values().stream().skip(startIndex - 1).limit(count).toList();
      return PartialListResponse.<T>builder().resources(page).totalResults(kept.size()).build();
    }

    @Override
    public T updateResource(T resource, Context context) {
      String id = resource.getId().orElseThrow();
      if (kept.replace(id, resource) == null) {
        throw new ResourceNotFoundException("no such resource: " + id);
      }
      return resource;
    }

    @Override
    public void deleteResource(String id, Context context) {
      if (kept.remove(id) == null) {
        throw new ResourceNotFoundException("no such resource: " + id);
      }
    }
  }

  static class Users extends Memory<User> {
    Users() {
      super(user -> user.getUserName().orElseThrow().toLowerCase());
    }
  }

  static class Groups extends Memory<Group> {
    Groups() {
      super(group -> group.getDisplayName().orElseThrow());
    }
  }

  static String rename(String text, String from, String to) throws IOException {
    if (JSON.readTree(text) instanceof ObjectNode body && body.has(from)) {
      body.set(to, body.remove(from));
      return body.toString();
    }
    return text;
  }

  /** Hands one request to the library; one at a time, since the memory has no lock. */
  static synchronized void answer(ResourceEndpoint endpoint, HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    Map<String, String> headers = new HashMap<>();
    exchange.getRequestHeaders().forEach((name, values) -> headers.put(name, values.get(0)));
    String url = "http://" + headers.get("Host") + exchange.getRequestURI();
    ScimResponse response = endpoint.handleRequest(url, HttpMethod.valueOf(exchange.getRequestMethod()),
        rename(body, "operations", "Operations"), headers, new Context(null));
    byte[] answer = rename(response.toString(), "Operations", "operations").getBytes(StandardCharsets.UTF_8);
    response.getHttpHeaders().forEach(exchange.getResponseHeaders()::set);
    exchange.sendResponseHeaders(response.getHttpStatus(), answer.length == 0 ? -1 : answer.length);
    exchange.getResponseBody().write(answer);
    exchange.close();
  }

  public static void main(String[] args) throws IOException {
    ResourceEndpoint endpoint = new ResourceEndpoint(
        ServiceProvider.builder()
            .bulkConfig(BulkConfig.builder().supported(true).maxOperations(100).maxPayloadSize(1L << 20).build())
            .filterConfig(FilterConfig.builder().supported(true).maxResults(100).build())
            .lenientContentTypeChecking(true) // else it refuses application/json
            .build(),
        new UserEndpointDefinition(new Users()), new GroupEndpointDefinition(new Groups()));
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/identity/scim/", exchange -> {
      try {
        answer(endpoint, exchange);
      } catch (IOException | RuntimeException e) {
        e.printStackTrace();
        exchange.sendResponseHeaders(500, -1);
        exchange.close();
      }
    });
    server.start();
    System.out.println("http://127.0.0.1:" + server.getAddress().getPort());
  }
}
