// A client by openapi-generator kotlin, with OkHttp and Jackson.
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.NullNode
import com.fasterxml.jackson.databind.node.ObjectNode
import java.io.File
import okhttp3.MediaType.Companion.toMediaType
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody.Companion.toRequestBody
import okhttp3.Response
import webex.api.BulkApi
import webex.api.SearchApi
import webex.infrastructure.ClientError
import webex.infrastructure.ClientException
import webex.infrastructure.Serializer
import webex.infrastructure.ServerError
import webex.infrastructure.ServerException
import webex.model.BulkRequest
import webex.model.BulkResult
import webex.model.ScimError

val json = Serializer.jacksonObjectMapper
const val EXTENSION = "urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"
fun env(name: String): String = System.getenv(name) ?: error("$name is not set")
val org = env("WEBEX_ORG_ID")
val vectors = File(env("KIT_VECTORS"))

/** The answer that came last, whether or not it could be read. */
var last: Response? = null
val http = OkHttpClient.Builder()
    .retryOnConnectionFailure(false) // a POST must not be sent again behind our back
    .followRedirects(false) // nor the token elsewhere
    .addInterceptor { chain ->
        chain.proceed(chain.request().newBuilder().header("Authorization", "Bearer ${env("WEBEX_ACCESS_TOKEN")}").build()).also { last = it }
    }.build()
val bulk = BulkApi(env("WEBEX_BASE_URL"), http)
val search = SearchApi(env("WEBEX_BASE_URL"), http)

fun admin(path: String, body: String) {
    val request = Request.Builder().url(env("WEBEX_ADMIN_URL") + path).post(body.toRequestBody("application/json".toMediaType())).build()
    OkHttpClient().newCall(request).execute().use { check(it.code == 201) { path } }
}

/** What the generated client has read of an answer: results, or an error as JSON. */
class Answer(val results: List<BulkResult?>, val error: JsonNode, val trouble: String)

fun send(request: BulkRequest): Answer {
    last = null
    return try {
        Answer(bulk.executeBulk(org, request).operations, NullNode.instance, "")
    } catch (e: ClientException) {
        Answer(listOf(), readScimError((e.response as? ClientError<*>)?.body), "$e")
    } catch (e: ServerException) {
        Answer(listOf(), readScimError((e.response as? ServerError<*>)?.body), "$e")
    } catch (e: Exception) { // whatever the generated code does not bear
        Answer(listOf(), NullNode.instance, "$e")
    }
}

fun readScimError(body: Any?): JsonNode =
    try {
        json.valueToTree(json.readValue(body as String, ScimError::class.java))
    } catch (e: Exception) {
        NullNode.instance
    }

fun header(name: String) = last?.header(name) ?: ""

fun status(value: Any?): Int {
    val node = json.valueToTree<JsonNode>(value) ?: NullNode.instance
    val n = (if (node.isObject) node.path("code") else node).asInt()
    return if (n in 100..599) n else 0
}

/** Reads an error in any form that services use: the Webex extension, RFC 7644, general Webex errors, JSON in a text. */
class Reason(body: JsonNode) {
    var trackingId = ""
    var errorCode = ""
    val details = LinkedHashSet<String>()

    init { read(body) }

    private fun read(body: JsonNode) {
        when {
            body.isTextual -> {
                val inner = try { json.readTree(body.asText()) } catch (e: Exception) { null }
                if (inner != null && inner.isContainerNode) read(inner) else say(body)
            }
            body.isArray -> body.forEach { read(it) }
            else -> {
                val ext = body.path(EXTENSION)
                take(ext)
                take(body)
                say(ext.path("details"))
                say(body.path("detail"))
                say(body.path("message"))
                body.path("errors").forEach { take(it); say(it.path("description")) }
                say(body.path("error_description"))
            }
        }
    }

    private fun take(from: JsonNode) {
        if (trackingId == "") trackingId = from.path("trackingId").asText("").takeUnless { it == "null" } ?: ""
        if (errorCode == "") errorCode = if (from.hasNonNull("errorCode")) from["errorCode"].asText() else from.path("error").asText("")
    }

    private fun say(texts: JsonNode) {
        if (texts.isArray) texts.forEach { say(it) } else if (texts.isTextual && texts.asText() != "") details.add(texts.asText())
    }

    fun into(line: ObjectNode) {
        val list = line.put("trackingId", trackingId).put("errorCode", errorCode).putArray("details")
        details.forEach { list.add(it) }
    }
}

fun body(r: BulkResult): JsonNode = json.valueToTree<JsonNode>(r.response) ?: NullNode.instance

fun vector(entry: JsonNode) {
    val v = json.readTree(File(vectors, entry["file"].asText()))
    admin("/faults", """{"faults":[{"vector":${entry["number"]}}]}""")
    val answer = send(json.readValue(v["request"]["body"].toString(), BulkRequest::class.java))
    val line = json.createObjectNode().put("vector", entry["number"].asInt()).put("error", answer.trouble)
        .put("status", last?.code ?: 0).put("retryAfter", header("Retry-After"))
    Reason(answer.error).into(line)
    if (header("TrackingID") != "") line.put("trackingId", header("TrackingID"))
    val list = line.putArray("operations")
    for (r in answer.results) {
        val op = list.addObject()
        if (r == null) continue
        val status = status(r.status).takeIf { it != 0 } ?: status(body(r).path("status"))
        op.put("bulkId", r.bulkId).put("location", r.location).put("status", status)
        if (status >= 300) Reason(body(r)).into(op)
    }
    println(line)
}

fun user(bulkId: String, name: String = bulkId) = """{"method":"POST","path":"/Users","bulkId":"$bulkId","data":{
    "schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"$name@example.com","userType":"user"}}"""

fun group(bulkId: String, one: String, other: String) = """{"method":"POST","path":"/Groups","bulkId":"$bulkId","data":{
    "schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"$bulkId",
    "members":[{"value":"$one","type":"user"},{"value":"$other","type":"user"}]}}"""

fun request(vararg operations: String): BulkRequest = json.readValue(
    """{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"operations":[${operations.joinToString(",")}]}""", BulkRequest::class.java)

fun userId(name: String) = search.searchUsers(org, filter = "userName eq \"$name@example.com\"").resources!!.single().id!!

/** Creates users and a group over a refusal and a cut, then reads a failed operation. */
fun scenario() {
    admin("/faults", """{"faults":[{"status":429,"retryAfter":"1"},{"cut":"after"}]}""")
    val first = request(user("ada"), user("bob"), group("team", "bulkId:ada", "bulkId:bob"))
    var waited = false
    send(first)
    while (last?.code == 429) {
        Thread.sleep(1000 * header("Retry-After").toLong())
        waited = true
        send(first)
    }
    // The connection was cut: look up what was created instead of sending it again.
    val lookedUp = last == null
    val created = mutableListOf(userId("ada"), userId("bob"), search.searchGroups(org, filter = "displayName eq \"team\"").resources!!.single().id!!)
    val told = json.createObjectNode()
    for (r in send(request(user("again", "ada"), user("cyd"), group("crew", "bulkId:cyd", created[0]))).results) {
        if (status(r!!.status) == 201) created.add(r.location!!.substringAfterLast('/'))
        if (r.bulkId == "again") {
            val error = json.convertValue(r.response, ScimError::class.java).webex!!
            told.putObject("taken").put("status", status(r.status)).put("trackingId", error.trackingId).put("errorCode", "${error.errorCode}")
                .putArray("details").add("${error.details}")
        }
    }
    val ids = told.putArray("created")
    created.forEach { ids.add(it) }
    told.put("waited", waited).put("lookedUp", lookedUp)
    println(json.createObjectNode().set<JsonNode>("scenario", told))
}

fun main() {
    scenario()
    json.readTree(File(vectors, "manifest.json")).forEach { vector(it) }
}
