import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.regex.*;
import java.util.stream.*;
import javax.net.ssl.*;
import javax.xml.parsers.*;
import org.xml.sax.*;

/**
 * Java's own readers judge what was written. Its XML parser takes every changed XML file; java.util.Properties reads
 * every changed key as it was meant, and no other key changed; and its TLS knows every suite and protocol that the
 * patches P08 and P09 name or that a changed line names, since one unknown name fails every handshake of the
 * PassThrough listener.
 *
 * <p>usage: Readers.java WORK FILE... (paths below WORK/before and WORK/after; WORK is target/ci of the repository)
 */
public class Readers {
    static final List<String> wrong = new ArrayList<>();

    public static void main(String[] a) throws Exception {
        Path work = Path.of(a[0]);
        int xml = 0, keys = 0;
        Set<String> names = new TreeSet<>();
        try (Stream<Path> patches = Files.list(work.resolve("../../patches").normalize())) {
            for (Path p : patches.filter(p -> p.getFileName().toString().matches("P0[89].*\\.toml")).toList()) names(text(p), names);
        }
        for (String file : List.of(a).subList(1, a.length)) {
            Path before = work.resolve("before").resolve(file), after = work.resolve("after").resolve(file);
            if (file.endsWith(".xml")) { parse(after); xml++; }
            if (file.endsWith(".properties")) keys += properties(file, load(before), load(after));
            Set<String> old = text(before).lines().collect(Collectors.toSet());
            if (!file.endsWith(".properties"))
                text(after).lines().filter(l -> !old.contains(l)).forEach(l -> names(l, names));
        }
        SSLParameters known = SSLContext.getDefault().getSupportedSSLParameters();
        Set<String> all = new HashSet<>(List.of(known.getCipherSuites()));
        all.addAll(List.of(known.getProtocols()));
        names.stream().filter(n -> !all.contains(n)).forEach(n -> wrong.add("this Java knows no " + n));
        wrong.forEach(System.out::println);
        System.out.printf("Java's readers: %d XML files, %d property keys, %d TLS names, %d wrong%n", xml, keys, names.size(), wrong.size());
        System.exit(wrong.isEmpty() && xml > 0 && keys > 0 && names.size() > 6 ? 0 : 1);
    }

    static void parse(Path file) throws Exception {
        DocumentBuilderFactory f = DocumentBuilderFactory.newInstance();
        f.setNamespaceAware(true);
        f.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        DocumentBuilder b = f.newDocumentBuilder();
        b.setErrorHandler(null);
        try { b.parse(file.toFile()); } catch (SAXException e) { wrong.add(file + ": " + e.getMessage()); }
    }

    static int properties(String file, Properties before, Properties after) {
        Set<String> keys = new TreeSet<>(before.stringPropertyNames());
        keys.addAll(after.stringPropertyNames());
        keys.removeIf(k -> Objects.equals(before.getProperty(k), after.getProperty(k)));
        for (String key : keys)
            if (!meant(key, before.getProperty(key, ""), after.getProperty(key)))
                wrong.add(file + ": " + key + " was " + before.getProperty(key) + ", is " + after.getProperty(key));
        if (keys.isEmpty()) wrong.add(file + ": changed, yet every key reads as before");
        return keys.size();
    }

    /** What the patches mean each key to become, in words of their own: P10, P13, P14, P20, P21. */
    static boolean meant(String key, String was, String is) {
        if (key.endsWith(".DatePattern")) return is == null;
        if (is == null) return false;
        if (key.endsWith(".layout.ConversionPattern")) return is.equals("[%K] " + was);
        if (key.endsWith(".layout.pattern")) return is.equals("[%u{RANDOM}] " + was);
        if (key.endsWith(".filePattern")) return is.contains(".%i") && is.replace(".%i", "").equals(was);
        return is.equals(switch (key) {
            case "http.origin-server" -> "webserver";
            case "jdk.tls.ephemeralDHKeySize" -> "2048";
            case "jdk.tls.rejectClientInitiatedRenegotiation" -> "true";
            // A path there is the guide's own mistake, and what was meant is log4j's own class.
            case "log4j.appender.CARBON_LOGFILE" -> was.contains("/") ? "org.apache.log4j.RollingFileAppender"
                    : "org.wso2.carbon.utils.logging.appenders.CarbonRollingFileAppender";
            case "log4j.appender.CARBON_LOGFILE.MaxFileSize", "appender.CARBON_LOGFILE.policies.size.size" -> "10MB";
            case "log4j.appender.CARBON_LOGFILE.MaxBackupIndex", "appender.CARBON_LOGFILE.strategy.max" -> "20";
            default -> "no patch means this key";
        });
    }

    static void names(String text, Set<String> into) {
        Matcher m = Pattern.compile("\\b(TLS_[A-Z0-9_]{8,}(?<!_)|TLSv1(\\.\\d)?)(?![\\w.])").matcher(text);
        while (m.find()) into.add(m.group());
    }

    static Properties load(Path file) throws IOException {
        Properties p = new Properties();
        try (InputStream in = Files.newInputStream(file)) { p.load(in); }
        return p;
    }

    static String text(Path file) throws IOException {
        return Files.readString(file, StandardCharsets.ISO_8859_1);
    }
}
