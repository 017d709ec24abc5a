import java.net.URI;
import java.net.URLConnection;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Asks by the client of Java 11 and by the one of Java 1. */
public class Me {
    public static void main(String[] args) throws Exception {
        String token = "admin@acme.example/token:demo-api-token-of-acme";
        String basic = "Basic " + Base64.getEncoder().encodeToString(token.getBytes(StandardCharsets.UTF_8));
        URI at = URI.create("https://acme.zendesk.com/api/v2/users/me.json");

        HttpRequest ask = HttpRequest.newBuilder(at).header("Authorization", basic).build();
        String first = email(HttpClient.newHttpClient().send(ask, BodyHandlers.ofString()).body());

        URLConnection connection = at.toURL().openConnection();
        connection.setRequestProperty("Authorization", basic);
        String second = email(new String(connection.getInputStream().readAllBytes(), StandardCharsets.UTF_8));

        System.out.println(first.equals(second) ? first : first + " " + second);
    }

    static String email(String body) {
        Matcher m = Pattern.compile("\"email\":\"([^\"]*)\"").matcher(body);
        return m.find() ? m.group(1) : body;
    }
}
