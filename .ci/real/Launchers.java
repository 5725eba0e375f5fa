import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.TimeUnit;
import java.util.regex.*;
import java.util.stream.*;

/**
 * Runs every hardened start script under dash, before and after, with a java that only records its arguments, and
 * proves: each hardened option is passed once (as often as before, where the operator had it more than once) and its
 * last value, the one that Java takes, is the wanted one; the main class stays last; nothing else differs.
 *
 * <p>usage: Launchers.java WORK SCRIPT... (paths below WORK/before and WORK/after). The scripts empty
 * $CARBON_HOME/tmp, so each run has a copy of its home.
 */
public class Launchers {
    static final List<String> WANTED = List.of("-Djdk.tls.ephemeralDHKeySize=2048",
            "-Djdk.tls.rejectClientInitiatedRenegotiation=true", "-Dhttpclient.hostnameVerifier=Strict", "-Xms512m", "-Xmx2048m");
    /** Set by P15 where an older script or the operator had them otherwise. */
    static final Pattern ALLOWED = Pattern.compile(
            "-D(org\\.wso2\\.ignoreHostnameVerification|org\\.opensaml\\.httpclient\\.https\\.disableHostnameVerification)=(true|false)");
    static final List<String> VERSIONS = List.of("1.8.0_202", "11.0.20", "17.0.15", "21.0.5");
    static final String FAKE = """
            #!/bin/sh
            case "$1" in -version|-fullversion) echo "openjdk version \\"$FAKE_VERSION\\"" >&2; exit 0 ;; esac
            for a in "$@"; do printf '%s\\0' "$a"; done >"$FAKE_RECORD"
            """;

    record Run(int exit, String errors, List<String> args) {}

    public static void main(String[] a) throws Exception {
        Path work = Path.of(a[0]), scratch = Files.createDirectories(work.resolve("launch"));
        Path java = Files.createDirectories(scratch.resolve("jdk/bin")).resolve("java");
        Files.writeString(java, FAKE);
        java.toFile().setExecutable(true);
        List<String> wrong = new ArrayList<>();
        int runs = 0;
        for (String script : List.of(a).subList(1, a.length)) {
            int started = 0;
            // a deployment.toml that cannot be read may set the system properties too, so they stay as they are
            List<String> wanted = script.startsWith("homes-broken-toml/") ? WANTED.subList(3, 5) : WANTED;
            for (String version : VERSIONS) {
                Run before = run(work.resolve("before"), script, scratch, version);
                Run after = run(work.resolve("after"), script, scratch, version);
                runs += 2;
                if (!before.args.isEmpty()) started++;
                for (String fault : faults(wanted, before, after)) wrong.add(script + " on " + version + ": " + fault);
            }
            if (started == 0) wrong.add(script + ": java was started on none of " + VERSIONS);
        }
        wrong.forEach(System.out::println);
        System.out.printf("launchers: %d scripts, %d wrong (%d runs under dash)%n", a.length - 1, wrong.size(), runs);
        System.exit(wrong.isEmpty() && a.length > 1 ? 0 : 1);
    }

    static List<String> faults(List<String> wanted, Run before, Run after) {
        List<String> faults = new ArrayList<>();
        if (before.exit != after.exit || !before.errors.equals(after.errors))
            faults.add("exit " + before.exit + " became " + after.exit + ", errors " + before.errors + " became " + after.errors);
        if (before.args.isEmpty() && after.args.isEmpty()) return faults;
        for (String flag : wanted) {
            List<String> was = same(before, flag), is = same(after, flag);
            if (is.size() != Math.max(1, was.size()) || !enough(is.get(is.size() - 1), flag))
                faults.add(flag + " is wanted once, passed is " + is + ", before " + was);
        }
        String last = after.args.isEmpty() ? "" : after.args.get(after.args.size() - 1);
        if (!last.matches("org\\.wso2\\.[a-z.]+\\.Bootstrap")) faults.add("the last argument is no main class: " + last);
        if (!rest(before).equals(rest(after))) faults.add("other arguments differ: " + rest(before) + " became " + rest(after));
        return faults;
    }

    static List<String> same(Run run, String flag) {
        return run.args.stream().filter(x -> key(x).equals(key(flag))).toList();
    }

    /** A heap may be larger than the wanted one; sizes are in megabytes. */
    static boolean enough(String is, String flag) {
        if (!flag.startsWith("-Xm")) return is.equals(flag);
        return is.matches("-Xm[sx]\\d+m") && Integer.parseInt(is.replaceAll("\\D", "")) >= Integer.parseInt(flag.replaceAll("\\D", ""));
    }

    static List<String> rest(Run run) {
        Set<String> keys = WANTED.stream().map(Launchers::key).collect(Collectors.toSet());
        return run.args.stream().filter(x -> !keys.contains(key(x)) && !ALLOWED.matcher(x).matches()).toList();
    }

    static String key(String arg) {
        Matcher m = Pattern.compile("-D[^=]+|-Xm[sx]").matcher(arg);
        return m.lookingAt() ? m.group() : arg;
    }

    static Run run(Path side, String script, Path scratch, String version) throws IOException, InterruptedException {
        Path home = scratch.resolve("home"), record = scratch.resolve("record"), errors = scratch.resolve("errors");
        sh("rm -rf \"$1\" \"$2\" && cp -r \"$3\" \"$1\"", home, record, side.resolve(Path.of(script).getName(0)));
        Path copy = home.resolve(Path.of(script).getName(0).relativize(Path.of(script)));
        Files.createDirectories(copy.getParent().resolveSibling("tmp"));
        ProcessBuilder p = new ProcessBuilder("dash", copy.toString());
        p.environment().keySet().removeAll(List.of("JAVA_OPTS", "JVM_MEM_OPTS", "JAVA_TOOL_OPTIONS"));
        p.environment().putAll(Map.of("JAVA_HOME", scratch.resolve("jdk").toString(), "JAVACMD", scratch.resolve("jdk/bin/java").toString(), "FAKE_VERSION", version,
                "CARBON_HOME", copy.getParent().getParent().toString(), "FAKE_RECORD", record.toString()));
        Process process = p.redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(errors.toFile())
                .redirectInput(Path.of("/dev/null").toFile()).start();
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException(script + " did not end within 30 seconds");
        }
        List<String> args = new ArrayList<>();
        if (Files.exists(record)) args.addAll(List.of(Files.readString(record, StandardCharsets.ISO_8859_1).split("\0", -1)));
        if (!args.isEmpty()) args.remove(args.size() - 1);
        // dash leads each complaint with the line, which an inserted line moves
        String complaints = Files.readString(errors, StandardCharsets.ISO_8859_1).replaceAll("(?m)^(\\S+: )\\d+: ", "$1");
        return new Run(process.exitValue(), complaints, args);
    }

    static void sh(String command, Path... args) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of("sh", "-c", command, "sh"));
        for (Path arg : args) line.add(arg.toString());
        if (new ProcessBuilder(line).inheritIO().start().waitFor() != 0) throw new IOException(command);
    }
}
