import java.io.*;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.*;
import java.util.stream.*;
import javax.net.ssl.*;
import javax.xml.parsers.*;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.IntrospectionUtils;
import org.apache.tomcat.util.net.SSLHostConfig;
import org.w3c.dom.*;

/**
 * A stock Tomcat 9 serves HTTPS on loopback with every hardened connector, and a TLS client proves: TLS 1.2 is
 * accepted with a suite of the file (TLS 1.3 where the file names it), TLS 1.0, TLS 1.1 and suites without GCM are
 * refused, and the Server header is the file's. The same client reaches the connectors as they were by TLS 1.0 and
 * 1.1, so that a refusal is the connector's and not this Java's.
 *
 * <p>usage: Connectors.java WORK FILE... (paths of catalina-server.xml below WORK/before and WORK/after; all of
 * WORK/rendered/*.xml is added, which was made from a deployment.toml). Attributes are handed over as Tomcat's own
 * digester does, but for port, address and key store.
 */
public class Connectors {
    static final List<String> wrong = new ArrayList<>();
    static final String[] CBC = {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"};
    static final Set<String> OURS = Set.of("port", "address", "redirectPort", "keystoreFile", "keystorePass", "keystoreType",
            "keyAlias", "truststoreFile", "truststorePass");
    static SSLContext client;

    public static void main(String[] a) throws Exception {
        Security.setProperty("jdk.tls.disabledAlgorithms", "SSLv3, RC4, DES, anon, NULL"); // Java 17 has TLS 1.0 and 1.1 here
        java.util.logging.LogManager.getLogManager().reset();
        client = SSLContext.getInstance("TLS");
        client.init(null, new TrustManager[] {new Anyone()}, null);
        Path work = Path.of(a[0]);
        int open = 0;
        List<Path> files = new ArrayList<>();
        for (String file : List.of(a).subList(1, a.length)) {
            files.add(work.resolve("after").resolve(file));
            for (Element c : https(work.resolve("before").resolve(file)))
                open += serve(c, work, port -> hello(port, "TLSv1", CBC) == null || hello(port, "TLSv1.1", CBC) == null ? 0 : 1);
        }
        try (Stream<Path> made = Files.list(work.resolve("rendered"))) { made.sorted().forEach(files::add); }
        int served = 0;
        for (Path file : files)
            for (Element c : https(file)) {
                serve(c, work, port -> { judge(work.relativize(file).toString(), c, port); return 0; });
                served++;
            }
        if (open == 0) wrong.add("no connector accepted TLS 1.0 and 1.1 before, so their refusal proves nothing");
        wrong.forEach(System.out::println);
        System.out.printf("connectors: %d served by Tomcat 9, %d wrong (%d accepted TLS 1.0 and 1.1 before)%n", served, wrong.size(), open);
        System.exit(wrong.isEmpty() && served > 0 ? 0 : 1);
    }

    static void judge(String file, Element connector, int port) throws Exception {
        Element host = (Element) connector.getElementsByTagName("SSLHostConfig").item(0);
        List<String> suites = List.of((host == null ? connector : host).getAttribute("ciphers").split("[,:\\s]+"));
        String protocols = host == null ? connector.getAttribute("sslEnabledProtocols") : host.getAttribute("protocols");
        String[] any = client.getSupportedSSLParameters().getCipherSuites();
        for (String version : protocols.contains("1.3") ? List.of("TLSv1.2", "TLSv1.3") : List.of("TLSv1.2")) {
            String suite = hello(port, version, any);
            if (suite == null || !suites.contains(suite)) wrong.add(file + ": " + version + " gives " + suite + ", the file names " + suites);
        }
        if (!protocols.contains("1.3") && hello(port, "TLSv1.3", any) != null) wrong.add(file + ": TLSv1.3 is accepted, though not named");
        for (String version : List.of("TLSv1", "TLSv1.1"))
            if (hello(port, version, any) != null) wrong.add(file + ": " + version + " is accepted");
        if (hello(port, "TLSv1.2", CBC) != null) wrong.add(file + ": TLSv1.2 is accepted with " + String.join(", ", CBC));
        String server = header(port), meant = connector.getAttribute("server");
        if (!server.equals(meant) || server.matches("(?i).*(wso2|carbon|tomcat|coyote|apache).*")) wrong.add(file + ": Server: " + server);
    }

    interface Look { int at(int port) throws Exception; }

    /** Starts a Tomcat with one connector, looks at it and stops it. */
    static int serve(Element from, Path work, Look look) throws Exception {
        Connector connector = new Connector(from.hasAttribute("protocol") ? from.getAttribute("protocol") : "HTTP/1.1");
        set(from, connector, OURS);
        connector.setPort(0);
        IntrospectionUtils.setProperty(connector, "address", "127.0.0.1");
        String store = work.resolve("wso2carbon.jks").toString();
        NodeList hosts = from.getElementsByTagName("SSLHostConfig");
        if (hosts.getLength() == 0) {
            Map.of("keystoreFile", store, "keystorePass", "wso2carbon", "keystoreType", "JKS")
                    .forEach((k, v) -> IntrospectionUtils.setProperty(connector, k, v));
        } else {
            SSLHostConfig host = new SSLHostConfig();
            set((Element) hosts.item(0), host, OURS);
            host.setCertificateKeystoreFile(store);
            host.setCertificateKeystorePassword("wso2carbon");
            host.setCertificateKeystoreType("JKS");
            connector.addSslHostConfig(host);
        }
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(Files.createDirectories(work.resolve("tomcat")).toString());
        tomcat.getService().addConnector(connector);
        tomcat.getEngine();
        tomcat.getHost();
        tomcat.start();
        try {
            if (connector.getLocalPort() <= 0) throw new IOException("Tomcat did not start " + from.getBaseURI());
            return look.at(connector.getLocalPort());
        } finally {
            tomcat.stop();
            tomcat.destroy();
        }
    }

    static void set(Element from, Object to, Set<String> without) {
        NamedNodeMap attrs = from.getAttributes();
        for (int i = 0; i < attrs.getLength(); i++) {
            String name = attrs.item(i).getNodeName();
            if (name.contains(":") || without.contains(name)) continue;
            boolean known = IntrospectionUtils.setProperty(to, name, attrs.item(i).getNodeValue());
            if (!known && Set.of("ciphers", "protocols", "sslEnabledProtocols", "server").contains(name)) wrong.add("Tomcat knows no " + name);
        }
    }

    /** The suite of a handshake, or null when it is refused. */
    static String hello(int port, String version, String[] suites) throws IOException {
        try (SSLSocket s = socket(port)) {
            s.setEnabledProtocols(new String[] {version});
            s.setEnabledCipherSuites(suites);
            s.startHandshake();
            return s.getSession().getCipherSuite();
        } catch (SSLException refused) {
            return null;
        }
    }

    static String header(int port) throws IOException {
        try (SSLSocket s = socket(port)) {
            s.getOutputStream().write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            return new BufferedReader(new InputStreamReader(s.getInputStream(), StandardCharsets.ISO_8859_1)).lines()
                    .filter(l -> l.regionMatches(true, 0, "Server:", 0, 7)).map(l -> l.substring(7).strip()).findFirst().orElse("(none)");
        }
    }

    static SSLSocket socket(int port) throws IOException {
        Socket plain = new Socket("127.0.0.1", port);
        plain.setSoTimeout(10_000);
        return (SSLSocket) client.getSocketFactory().createSocket(plain, "127.0.0.1", port, true);
    }

    static List<Element> https(Path file) throws Exception {
        DocumentBuilder b = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        NodeList all = b.parse(file.toFile()).getElementsByTagName("Connector");
        return IntStream.range(0, all.getLength()).mapToObj(i -> (Element) all.item(i))
                .filter(c -> c.getAttribute("SSLEnabled").equalsIgnoreCase("true")).toList();
    }

    /** The client looks at versions and suites, not at who answers. */
    static class Anyone implements X509TrustManager {
        public void checkClientTrusted(X509Certificate[] chain, String type) {}
        public void checkServerTrusted(X509Certificate[] chain, String type) {}
        public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    }
}
