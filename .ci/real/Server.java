import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.time.LocalDateTime;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.IntrospectionUtils;
import org.w3c.dom.*;

/**
 * Stands in for Carbon behind a home's own start script: a stock Tomcat 9 with the HTTPS connector of the home's
 * catalina-server.xml, on loopback, at its port plus the offset of carbon.xml. As Carbon does, it notes its process id
 * in wso2carbon.pid, logs to repository/logs/wso2carbon.log, and stays up without ports when it cannot start.
 *
 * <p>usage: Server HOME
 */
public class Server {
    public static void main(String[] a) throws Exception {
        Path home = Path.of(a[0]);
        byte[] note = new byte[100];
        byte[] pid = (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(pid, 0, note, 0, pid.length);
        Files.write(home.resolve("wso2carbon.pid"), note);
        long start = System.nanoTime();
        try {
            int port = serve(home);
            log(home, "INFO {org.wso2.carbon.core.internal.StartupFinalizerServiceComponent} - WSO2 Carbon started in "
                    + (System.nanoTime() - start) / 1_000_000_000 + " sec, port " + port);
        } catch (Throwable error) {
            Throwable cause = error;
            while (cause.getCause() != null) cause = cause.getCause();
            log(home, "ERROR {org.wso2.carbon.tomcat.internal.CarbonTomcat} - LifecycleException: " + cause);
        }
        Thread.sleep(600_000); // nobody leaves it longer
    }

    static int serve(Path home) throws Exception {
        Element connector = null;
        NodeList all = read(home, "tomcat/catalina-server.xml").getElementsByTagName("Connector");
        for (int i = 0; i < all.getLength(); i++)
            if (((Element) all.item(i)).getAttribute("SSLEnabled").equalsIgnoreCase("true")) connector = (Element) all.item(i);
        if (connector == null) throw new IllegalStateException("no HTTPS connector");
        int offset = Integer.parseInt(read(home, "carbon.xml").getElementsByTagName("Offset").item(0).getTextContent().trim());
        Connector to = new Connector(connector.getAttribute("protocol"));
        to.setThrowOnFailure(true);
        NamedNodeMap attributes = connector.getAttributes();
        for (int i = 0; i < attributes.getLength(); i++) {
            String name = attributes.item(i).getNodeName(), value = attributes.item(i).getNodeValue();
            if (!name.contains(":")) IntrospectionUtils.setProperty(to, name, value.replace("${carbon.home}", home.toString()));
        }
        to.setPort(Integer.parseInt(connector.getAttribute("port")) + offset);
        IntrospectionUtils.setProperty(to, "address", "127.0.0.1");
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(Files.createTempDirectory("server").toString());
        tomcat.getService().addConnector(to);
        tomcat.getEngine();
        tomcat.getHost();
        tomcat.start();
        return to.getLocalPort();
    }

    static Document read(Path home, String file) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(home.resolve("repository/conf").resolve(file).toFile());
    }

    static void log(Path home, String text) throws IOException {
        Path log = home.resolve("repository/logs/wso2carbon.log");
        Files.createDirectories(log.getParent());
        Files.writeString(log, "TID: [-1234] [" + LocalDateTime.now() + "] " + text + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
