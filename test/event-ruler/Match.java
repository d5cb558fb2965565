import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.Machine;

/**
 * Answers questions on standard input, one JSON object a line with a pattern and an event: true, false, or the error
 * of a pattern that EventBridge would refuse.
 */
public class Match {
  public static void main(String[] arguments) throws Exception {
    var json = new ObjectMapper();
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonNode question = json.readTree(line);
      try {
        var machine = Machine.builder().build();
        machine.addRule("rule", question.get("pattern").toString());
        System.out.println(!machine.rulesForJSONEvent(question.get("event").toString()).isEmpty());
      } catch (Exception error) {
        System.out.println("error: " + error.getMessage().lines().findFirst().orElse(error.toString()));
      }
    }
  }
}
