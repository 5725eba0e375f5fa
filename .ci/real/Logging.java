import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.regex.*;
import java.util.stream.*;

/**
 * log4j 1.2 and log4j 2 load every hardened logging configuration without a complaint and write numbered messages:
 * while fewer files have rolled than are kept, no message is lost; after many more, exactly the configured number of
 * files is there; and where the pattern has a UUID, each line of the log begins with one.
 *
 * <p>usage: Logging.java WORK FILE... (paths below WORK/before and WORK/after). In memory only, classes that just
 * WSO2 has become stock ones, consoles fall silent, and the size at which CARBON_LOGFILE rolls becomes 20 KB.
 */
public class Logging {
    static final List<String> wrong = new ArrayList<>();
    static final int LINE = 200, FILE = 20_480;
    static final String UUID = "^\\[\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}] .*";

    interface Log { void line(String text); }

    public static void main(String[] a) throws Exception {
        Path work = Path.of(a[0]);
        PrintStream console = System.err;
        int rolling = 0;
        for (String file : List.of(a).subList(1, a.length)) {
            Properties p = new Properties();
            try (InputStream in = Files.newInputStream(work.resolve("after").resolve(file))) { p.load(in); }
            Path home = Files.createTempDirectory(work.resolve("run"), "log");
            System.setProperty("carbon.home", home.toString());
            System.setProperty("logfiles.home", home.resolve("repository/logs").toString());
            System.setProperty("instance.log", "");
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            System.setErr(new PrintStream(said, true));
            boolean one = file.endsWith("log4j.properties");
            String mine = one ? "log4j.appender.CARBON_LOGFILE" : "appender.CARBON_LOGFILE";
            String kept = p.getProperty(one ? mine + ".MaxBackupIndex" : mine + ".strategy.max");
            int few = kept == null ? 3000 : (Integer.parseInt(kept) - 2) * FILE / LINE / 2;
            if (one) one(p, few, kept, home, file); else two(p, few, kept, home, file);
            if (kept != null) rolling++;
            System.setErr(console);
            said.toString().lines().filter(l -> l.matches(".*(log4j:(ERROR|WARN)|\\b(ERROR|WARN)\\b|Exception).*")).limit(5)
                    .forEach(l -> wrong.add(file + ": " + l));
        }
        wrong.forEach(System.out::println);
        System.out.printf("logging: %d files loaded, %d of them roll by size, %d wrong%n", a.length - 1, rolling, wrong.size());
        System.exit(wrong.isEmpty() && rolling > 0 ? 0 : 1);
    }

    static void one(Properties p, int few, String kept, Path home, String file) throws IOException {
        String daily = "org.apache.log4j.DailyRollingFileAppender", none = "org.apache.log4j.varia.NullAppender";
        for (String key : p.stringPropertyNames()) {
            String v = p.getProperty(key).strip();
            if (key.matches("log4j\\.appender\\.[^.]+"))
                p.setProperty(key, v.endsWith(".CarbonRollingFileAppender") ? "org.apache.log4j.RollingFileAppender"
                        : v.endsWith("DailyRollingFileAppender") ? daily : v.endsWith("log4j.RollingFileAppender") ? v : none);
            if (v.endsWith(".TenantAwarePatternLayout")) p.setProperty(key, "org.apache.log4j.PatternLayout");
            if (key.endsWith(".TenantPattern")) p.remove(key);
            if (key.endsWith(".ConversionPattern"))
                p.setProperty(key, v.replace("%K", java.util.UUID.randomUUID().toString()).replaceAll("%[TSPUDAHI@]|%@%", "x"));
        }
        for (String key : p.stringPropertyNames()) // a silent appender has no settings of its own
            if (key.matches("log4j\\.appender\\.[^.]+\\..*") && none.equals(p.getProperty(key.replaceAll("^(log4j\\.appender\\.[^.]+).*", "$1")))) p.remove(key);
        if (kept != null) p.setProperty("log4j.appender.CARBON_LOGFILE.MaxFileSize", "20KB");
        String pattern = p.getProperty("log4j.appender.CARBON_LOGFILE.layout.ConversionPattern", "");
        org.apache.log4j.PropertyConfigurator.configure(p);
        org.apache.log4j.Logger log = org.apache.log4j.Logger.getLogger("org.example");
        drive(log::error, few, kept, home, file, pattern.matches("\\[\\p{XDigit}{8}-.*"));
        org.apache.log4j.LogManager.resetConfiguration();
    }

    static void two(Properties p, int few, String kept, Path home, String file) throws Exception {
        Set<String> stock = Set.of("RollingFile", "RollingRandomAccessFile", "File");
        Set<String> silent = p.stringPropertyNames().stream().filter(k -> k.matches("appender\\.[^.]+\\.type"))
                .filter(k -> !stock.contains(p.getProperty(k).strip())).map(k -> k.substring(0, k.length() - 4)).collect(Collectors.toSet());
        for (String key : p.stringPropertyNames()) {
            Optional<String> of = silent.stream().filter(key::startsWith).findFirst();
            if (of.isPresent() && !key.equals(of.get() + "name")) p.remove(key);
            else if (key.endsWith(".layout.pattern")) // converters of WSO2's own
                p.setProperty(key, p.getProperty(key).replace("%tenantId", "-1234").replace("%appName", "").replace("%mm", "%m"));
        }
        silent.forEach(s -> p.setProperty(s + "type", "Null"));
        if (kept != null) p.setProperty("appender.CARBON_LOGFILE.policies.size.size", "20KB");
        String pattern = p.getProperty("appender.CARBON_LOGFILE.layout.pattern", "");
        var context = org.apache.logging.log4j.core.config.Configurator.initialize(
                new org.apache.logging.log4j.core.config.properties.PropertiesConfigurationBuilder().setRootProperties(p)
                        .setConfigurationSource(org.apache.logging.log4j.core.config.ConfigurationSource.NULL_SOURCE).build());
        drive(context.getLogger("org.example")::error, few, kept, home, file, pattern.startsWith("[%u{RANDOM}]"));
        org.apache.logging.log4j.LogManager.shutdown(context);
    }

    static void drive(Log log, int few, String kept, Path home, String file, boolean uuid) throws IOException {
        String pad = "x".repeat(100);
        for (int i = 0; i < few; i++) log.line("msg " + i + " " + pad);
        List<Path> logs = logs(home);
        Set<String> seen = new HashSet<>();
        for (Path one : logs)
            for (String line : Files.readAllLines(one, StandardCharsets.ISO_8859_1)) {
                Matcher m = Pattern.compile("msg (\\d+) x").matcher(line);
                if (m.find()) seen.add(m.group(1));
                if (uuid && !line.isEmpty() && !line.matches(UUID) && wrong.size() < 20) wrong.add(file + ": a line without UUID: " + line);
            }
        if (seen.size() != few) wrong.add(file + ": " + (few - seen.size()) + " of " + few + " messages are lost");
        if (kept == null) return;
        if (logs.size() < 3) wrong.add(file + ": " + few + " messages rolled no file: " + logs);
        for (int i = 0; i < 4 * few; i++) log.line("more " + i + " " + pad);
        int files = logs(home).size(), meant = Integer.parseInt(kept) + 1;
        if (files != meant) wrong.add(file + ": " + files + " log files are there, configured are " + meant);
    }

    /** wso2carbon.log and what rolled from it. */
    static List<Path> logs(Path home) throws IOException {
        try (Stream<Path> all = Files.walk(home)) {
            return all.filter(f -> f.getFileName().toString().matches("wso2carbon(-\\d.*)?\\.log.*")).toList();
        }
    }
}
